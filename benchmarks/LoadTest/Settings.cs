using System.CommandLine;
using System.Globalization;
using System.Numerics;
using LoadTest.Traffic;

namespace LoadTest;

/// <summary>The options of the commands, and how their values are read.</summary>
internal static class Settings
{
    public static Option<Workload[]> Workloads() => Names("--workloads", "workload", Workload.All, Workload.All);

    /// <summary>An option with names, separated by spaces or commas. Things say their names as their text.</summary>
    public static Option<T[]> Names<T>(string name, string what, IReadOnlyList<T> all, IEnumerable<T> byDefault) => new(name)
    {
        Description = $"Of {string.Join(", ", all)}.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [.. byDefault],
        CustomParser = result =>
        {
            var chosen = new List<T>();
            foreach (string text in result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries)))
            {
                if (all.FirstOrDefault(item => item?.ToString() == text) is { } item) chosen.Add(item);
                else result.AddError($"There is no {what} '{text}'. There are {string.Join(", ", all)}.");
            }
            return [.. chosen.Distinct()];
        },
    };

    /// <summary>An option with a number from a range.</summary>
    public static Option<T> Number<T>(string name, string description, T defaultValue, T min, T max) where T : INumber<T> => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => defaultValue,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            if (T.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max) return value;
            result.AddError($"{name} takes a number from {min} to {max}, not '{text}'.");
            return defaultValue;
        },
    };

    /// <summary>An option with a number of seconds.</summary>
    public static Option<double> Seconds(string name, string description, double defaultValue) => Number(name, description, defaultValue, 0, 120);
}
