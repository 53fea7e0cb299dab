using System.CommandLine;
using System.Globalization;
using System.Numerics;
using LoadTest.Traffic;

namespace LoadTest;

/// <summary>The options of the commands, and how their values are read.</summary>
internal static class Settings
{
    public static Option<Workload[]> Workloads() => new("--workloads")
    {
        Description = $"Of {string.Join(", ", Workload.All.Select(workload => workload.Name))}. Default: all.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. Workload.All],
        CustomParser = result => Named(result, Workload.All, workload => workload.Name, "workload"),
    };

    /// <summary>An option with a number from a range.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, T min, T max) where T : INumber<T> => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (T.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
            result.AddError($"{name} takes a number from {min} to {max}, not '{text}'.");
            return defaultValue;
        },
    };

    /// <summary>An option with a number of seconds.</summary>
    public static Option<double> Seconds(string name, string description, double defaultValue) => Number(name, description, defaultValue, 0, 120);

    /// <summary>Reads names, separated by spaces or commas.</summary>
    public static T[] Named<T>(System.CommandLine.Parsing.ArgumentResult result, IReadOnlyList<T> all, Func<T, string> nameOf, string what)
    {
        var chosen = new List<T>();
        foreach (string name in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (all.FirstOrDefault(item => nameOf(item) == name) is { } item) chosen.Add(item);
            else result.AddError($"There is no {what} '{name}'. There are {string.Join(", ", all.Select(nameOf))}.");
        }
        return [.. chosen.Distinct()];
    }
}
