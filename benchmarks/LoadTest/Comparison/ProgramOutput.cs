using System.ComponentModel;
using System.Diagnostics;

namespace LoadTest.Comparison;

/// <summary>Programs that are run for what they say.</summary>
internal static class ProgramOutput
{
    /// <summary>The first line of a program's output.</summary>
    /// <exception cref="LoadException">It is not there, or fails.</exception>
    public static string FirstLine(string program, params string[] arguments) => Run(program, arguments).Split('\n')[0].Trim();

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="LoadException">It is not there, or fails.</exception>
    public static string Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            var errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 0) return output;
            throw new LoadException($"{program} failed: {errors.Result.Trim().Split('\n')[0]}");
        }
        catch (Win32Exception)
        {
            throw new LoadException($"{program} is not installed.");
        }
    }
}
