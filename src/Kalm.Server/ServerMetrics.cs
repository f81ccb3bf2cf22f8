using System.Diagnostics;
using System.Diagnostics.Metrics;
using Kalm.Language.Generation;

namespace Kalm.Server;

/// <summary>What can be seen of the server from outside, by System.Diagnostics.Metrics.</summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Kalm.Server";

    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> requests;
    private readonly Histogram<double> duration;
    private readonly Histogram<int> batch;
    private readonly Counter<long> encoded;
    private readonly Counter<long> written;
    private readonly Counter<long> read;
    private readonly Counter<long> cached;
    private readonly Counter<long> hits;
    private readonly Histogram<int> occupancy;

    /// <summary>Makes the instruments.</summary>
    public ServerMetrics()
    {
        Text = new PrometheusText(meter);
        requests = meter.CreateCounter<long>("kalm.server.requests", "{request}", "Requests answered, by route and status");
        duration = meter.CreateHistogram<double>(
            "kalm.server.request.duration", "s", "Time from a request's headers to the end of its answer");
        batch = meter.CreateHistogram<int>("kalm.server.batch.size", "{job}", "Jobs that were encoded together");
        encoded = meter.CreateCounter<long>("kalm.server.tokens.encoded", "{token}", "Tokens encoded for vectors");
        written = meter.CreateCounter<long>("kalm.server.tokens.written", "{token}", "Tokens written in chats");
        read = meter.CreateCounter<long>("kalm.server.tokens.read", "{token}", "Tokens of prompts read");
        cached = meter.CreateCounter<long>(
            "kalm.server.tokens.cached", "{token}", "Tokens of prompts that were there from other chats, and not read");
        hits = meter.CreateCounter<long>("kalm.server.prefix.hits", "{prompt}", "Prompts that began as another chat");
        occupancy = meter.CreateHistogram<int>("kalm.server.step.sequences", "{sequence}", "Sequences that a step wrote together");
        meter.CreateObservableGauge("kalm.server.prefix.bytes", () => PrefixBytes, "By", "What is kept of chats that have ended");
        meter.CreateObservableGauge("kalm.server.queue.length", () => Waiting, "{job}", "Jobs that wait for the model");
        meter.CreateObservableGauge("kalm.server.chats", () => Writing, "{chat}", "Chats being written");
    }

    /// <summary>Whether a meter is this one; there may be several servers in a process.</summary>
    public bool Owns(Meter other) => ReferenceEquals(meter, other);

    /// <summary>What was counted, for Prometheus.</summary>
    public PrometheusText Text { get; }

    /// <summary>Jobs that wait for the model.</summary>
    public int Waiting { get; set; }

    /// <summary>Chats being written.</summary>
    public int Writing { get; set; }

    /// <summary>What is kept of chats that have ended, in bytes.</summary>
    public long PrefixBytes { get; set; }

    /// <summary>Counts a request.</summary>
    public void Answered(string method, string route, int status, TimeSpan elapsed)
    {
        var tags = new TagList { { "method", method }, { "route", route }, { "status", status } };
        requests.Add(1, tags);
        duration.Record(elapsed.TotalSeconds, tags);
    }

    /// <summary>Counts jobs that are encoded together.</summary>
    public void Batched(int jobs) => batch.Record(jobs);

    /// <summary>Counts encoded tokens.</summary>
    public void Encoded(int tokens) => encoded.Add(tokens);

    /// <summary>Counts written tokens.</summary>
    public void Written(int tokens) => written.Add(tokens);

    /// <summary>Counts a step of the chats.</summary>
    public void Stepped(StepReport step)
    {
        if (step.Sequences > 0)
            occupancy.Record(step.Sequences);
        read.Add(step.PromptTokens);
        cached.Add(step.CachedTokens);
        hits.Add(step.CachedPrompts);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Text.Dispose();
        meter.Dispose();
    }
}
