using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Kalm.Server;

/// <summary>Adds up what a meter's instruments tell, and puts it into Prometheus' text format 0.0.4: counters, gauges, and histograms with
/// cumulative buckets.</summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>The format's media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
    private static readonly double[] Sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];
    private readonly object gate = new();
    private readonly SortedDictionary<string, Family> families = new(StringComparer.Ordinal);
    private readonly MeterListener listener = new();

    /// <summary>Listens to a meter from now on.</summary>
    public PrometheusText(Meter meter)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (!ReferenceEquals(instrument.Meter, meter))
                return;
            lock (gate)
                families.Add(NameOf(instrument), Family.Of(instrument));
            self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
        listener.Start();
    }

    /// <summary>The text of this moment.</summary>
    public string Write()
    {
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (gate)
            foreach (var (name, family) in families)
                family.Write(name, text);
        return text.ToString();
    }

    private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = LabelsOf(tags);
        lock (gate)
            families[NameOf(instrument)].Take(labels, value);
    }

    // kalm.server.tokens.encoded counts kalm_server_tokens_encoded_total.
    private static string NameOf(Instrument instrument) => instrument.Name.Replace('.', '_')
        + (instrument.Unit == "s" ? "_seconds" : instrument is Counter<long> ? "_total" : "");

    private static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>(tags.Length);
        foreach (var (name, value) in tags)
            labels.Add($"{name}=\"{Escaped(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")}\"");
        return string.Join(",", labels);
    }

    private static string Escaped(string value) => value.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n");

    /// <inheritdoc/>
    public void Dispose() => listener.Dispose();

    /// <summary>One instrument, by its labels.</summary>
    private sealed record Family(string Type, string Help, double[] Bounds, bool Adds)
    {
        private readonly SortedDictionary<string, Values> values = new(StringComparer.Ordinal);

        public static Family Of(Instrument instrument)
        {
            var help = (instrument.Description ?? instrument.Name).Replace("\n", " ");
            return instrument switch
            {
                Counter<long> => new Family("counter", help, [], true),
                Histogram<double> or Histogram<int> => new Family("histogram", help, instrument.Unit == "s" ? Seconds : Sizes, true),
                _ => new Family("gauge", help, [], false),
            };
        }

        public void Take(string labels, double value)
        {
            if (!values.TryGetValue(labels, out var taken))
                values.Add(labels, taken = new Values(new long[Bounds.Length]));
            taken.Sum = Adds ? taken.Sum + value : value;
            taken.Count++;
            for (var bucket = 0; bucket < Bounds.Length; bucket++)
                if (value <= Bounds[bucket])
                    taken.Buckets[bucket]++;
        }

        public void Write(string name, StringBuilder text)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {Help}\n# TYPE {name} {Type}\n");
            foreach (var (labels, taken) in values)
                if (Type == "histogram")
                    WriteHistogram(name, labels, taken, text);
                else
                    Line(name, labels, Number(taken.Sum), text);
        }

        private void WriteHistogram(string name, string labels, Values taken, StringBuilder text)
        {
            var before = labels.Length > 0 ? labels + "," : "";
            for (var bucket = 0; bucket < Bounds.Length; bucket++)
                Line($"{name}_bucket", $"{before}le=\"{Number(Bounds[bucket])}\"", Number(taken.Buckets[bucket]), text);
            Line($"{name}_bucket", $"{before}le=\"+Inf\"", Number(taken.Count), text);
            Line($"{name}_sum", labels, Number(taken.Sum), text);
            Line($"{name}_count", labels, Number(taken.Count), text);
        }

        private static void Line(string name, string labels, string value, StringBuilder text) =>
            text.Append(name).Append(labels.Length > 0 ? $"{{{labels}}}" : "").Append(' ').Append(value).Append('\n');

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    }

    private sealed record Values(long[] Buckets)
    {
        public double Sum { get; set; }

        public long Count { get; set; }
    }
}
