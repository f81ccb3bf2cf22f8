using System.Globalization;

namespace Kalm.Benchmarks;

/// <summary>What the scale benchmark writes.</summary>
/// <param name="Entities">Entities, each with a text.</param>
/// <param name="Triples">Train triples.</param>
/// <param name="LoadSeconds">Reading the graph, in a process of its own.</param>
/// <param name="LoadPeakMebibytes">That process's highest resident size.</param>
/// <param name="GraphMebibytes">Managed memory of the graph with its texts.</param>
/// <param name="PreparingSeconds">Encoding texts, collecting known facts and the first batch with its order.</param>
/// <param name="BeyondMebibytes">Managed memory of what training looks up besides: encoded texts, known facts, order.</param>
/// <param name="DrawingSeconds">Drawing and building a batch, the median.</param>
/// <param name="StepSeconds">A whole step, its batch included, the median.</param>
/// <param name="FirstHalfStepSeconds">The same, of the first half of the steps.</param>
/// <param name="SecondHalfStepSeconds">The same, of the second half.</param>
/// <param name="Share">Drawing over the step, the median of the ratios.</param>
/// <param name="Ranking">Exact ranks.</param>
/// <param name="Machine">Where.</param>
/// <param name="Seed">Decides everything.</param>
internal sealed record ScaleResult(
    int Entities, int Triples, double LoadSeconds, double LoadPeakMebibytes, double GraphMebibytes, double PreparingSeconds,
    double BeyondMebibytes, double DrawingSeconds, double StepSeconds, double FirstHalfStepSeconds, double SecondHalfStepSeconds,
    double Share, RankingResult Ranking, Machine Machine, long Seed)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"""
        {Entities:N0} entities, {Triples:N0} triples, seed {Seed}; {Machine}
        reading              {LoadSeconds,10:N1} s
        peak of reading      {LoadPeakMebibytes,10:N0} MiB
        graph and texts      {GraphMebibytes,10:N0} MiB
        preparing            {PreparingSeconds,10:N1} s
        beyond them          {BeyondMebibytes,10:N0} MiB
        drawing and building {DrawingSeconds * 1000,10:N1} ms a batch
        a whole step         {StepSeconds * 1000,10:N1} ms
        first, second half   {FirstHalfStepSeconds * 1000,10:N1} ms, {SecondHalfStepSeconds * 1000:N1} ms
        share                {Share,10:P1}
        queries ranked       {Ranking.Queries,10:N0}
        encoding them        {Ranking.EncodingSeconds,10:N1} s
        ranking them         {Ranking.Seconds,10:N1} s
        texts encoded        {Ranking.TextsPerSecond,10:N0} a second
        """);
}

/// <summary>What exact ranks took, entities having random vectors.</summary>
/// <param name="Queries">The queries.</param>
/// <param name="EncodingSeconds">Encoding them.</param>
/// <param name="Seconds">Ranking their answers among all entities.</param>
/// <param name="TextsPerSecond">How fast entity texts are encoded, over a few thousand of them.</param>
internal sealed record RankingResult(int Queries, double EncodingSeconds, double Seconds, double TextsPerSecond);
