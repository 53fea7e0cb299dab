using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace WebSocketCore.Tests.Sockets;

/// <summary>Certificates that sign themselves, made when they are needed.</summary>
internal static class TestCertificate
{
    /// <summary>A certificate for the name localhost.</summary>
    public static X509Certificate2 Localhost { get; } = Create("localhost");

    /// <summary>What a server needs to present it.</summary>
    public static SslServerAuthenticationOptions Server { get; } = new() { ServerCertificate = Localhost };

    public static X509Certificate2 Create(string dnsName)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dnsName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dnsName);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        // Windows presents no certificate whose key exists in memory only.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), password: null);
    }

    /// <summary>Options of a client that trusts this certificate and no other.</summary>
    public static WebSocketConnectOptions Trust(X509Certificate2 certificate) => new()
    {
        ConfigureTls = tls =>
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            tls.CertificateChainPolicy.CustomTrustStore.Add(certificate);
        },
    };
}
