namespace Kalm.Language.Training;

/// <summary>Linear warm-up, then a cosine down to a share of the peak (arXiv 1608.03983, without restarts).</summary>
/// <param name="Peak">The highest rate.</param>
/// <param name="WarmupSteps">The steps of the warm-up.</param>
/// <param name="TotalSteps">All steps.</param>
/// <param name="FinalShare">The last rate, as a share of the peak.</param>
public sealed record LearningRateSchedule(double Peak, int WarmupSteps, int TotalSteps, double FinalShare)
{
    /// <summary>The rate of a step, counted from 0.</summary>
    public double RateAt(int step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / WarmupSteps;
        var progress = Math.Min(1, (step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps));
        return Peak * (FinalShare + (1 - FinalShare) * (1 + Math.Cos(Math.PI * progress)) / 2);
    }
}
