namespace Kalm.Tests.Alignment;

/// <summary>Calls back after each training step.</summary>
internal sealed class StepWatch(Action<int> onStep) : IProgress<ProgressEvent>
{
    public void Report(ProgressEvent value)
    {
        if (value is ProgressStep step)
            onStep(step.Step);
    }
}
