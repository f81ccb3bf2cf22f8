using Kalm.Language.Training;

namespace Kalm.Tests.Alignment;

/// <summary>Calls back after each training step.</summary>
internal sealed class StepWatch(Action<int> onStep) : IProgress<TrainingEvent>
{
    public void Report(TrainingEvent value)
    {
        if (value is TrainingStep step)
            onStep(step.Step);
    }
}
