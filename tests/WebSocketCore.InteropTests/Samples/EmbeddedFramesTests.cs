using WebSocketCore.InteropTests.TestSupport;

namespace WebSocketCore.InteropTests.Samples;

/// <summary>The sample EmbeddedFrames as a process.</summary>
public sealed class EmbeddedFramesTests : InteropTest
{
    [Fact]
    public async Task It_writes_and_reads_the_frames_of_the_RFC()
    {
        using var program = ChildProcess.StartSample("EmbeddedFrames");
        var (exitCode, output, errors) = await program.EndAsync(Guard);
        errors.Should().BeEmpty();
        exitCode.Should().Be(0);

        // RFC 6455, section 5.7: "A single-frame masked text message".
        output.Should().Contain("wire: 818537fa213d7f9f4d5158");
        output.Should().Contain("the message: \"König\"");
        output.Should().Contain("refused: a frame from the server is masked; answer with Close 1002");
    }
}
