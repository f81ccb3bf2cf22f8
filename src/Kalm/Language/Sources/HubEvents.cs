using Kalm.Language.Sources.Hub;

namespace Kalm.Language.Sources;

/// <summary>Tells of downloads as of any other stage.</summary>
internal sealed class HubEvents : IProgress<HubProgress>
{
    private const int Megabyte = 1_000_000;
    private readonly IProgress<ProgressEvent> progress;
    private string? noted;

    private HubEvents(IProgress<ProgressEvent> progress) => this.progress = progress;

    /// <summary>What hands downloads on; null where nobody listens.</summary>
    public static HubEvents? To(IProgress<ProgressEvent>? progress) => progress is null ? null : new HubEvents(progress);

    /// <inheritdoc/>
    public void Report(HubProgress value)
    {
        if (value.Note is { } note && note != noted)
            progress.Report(new ProgressNote(noted = note));
        progress.Report(
            new ProgressStage($"downloading, MB ({value.File})", (int)(value.Done / Megabyte), (int)Math.Max(1, value.Total / Megabyte)));
    }
}
