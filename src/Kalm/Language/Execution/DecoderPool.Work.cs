using Kalm.Engine;
using static TorchSharp.torch;

namespace Kalm.Language.Execution;

// Who does what: workers side by side, or one of them with all cores.
public sealed partial class DecoderPool
{
    /// <summary>Runs an action on every worker side by side, each with its own decoder; where there is one task only, on the first, with
    /// all cores.</summary>
    /// <param name="tasks">How many tasks the workers will find.</param>
    /// <param name="action">Given the worker's decoder.</param>
    internal void RunEach(int tasks, Action<Decoder> action)
    {
        if (tasks == 1)
            OnFirst(decoder =>
            {
                action(decoder);
                return true;
            });
        else
            workers.Run(worker =>
            {
                using var noGradient = no_grad();
                using var scope = NewDisposeScope();
                action(decoders[worker]);
            });
    }

    /// <summary>Runs a function on the first worker, with all cores.</summary>
    internal TResult OnFirst<TResult>(Func<Decoder, TResult> function)
    {
        TResult? result = default;
        workers.RunOn(0, () =>
        {
            using var noGradient = no_grad();
            using var scope = NewDisposeScope();
            EngineThreads.Use(threads);
            team?.IsOpen = true;
            try
            {
                result = function(decoders[0]);
            }
            finally
            {
                team?.IsOpen = false;
                EngineThreads.Use(Math.Max(1, threads / decoders.Length));
            }
        });
        return result!;
    }

    /// <summary>Runs a part of a training pass on every worker side by side.</summary>
    internal void OnWorkers(Action<int> action)
    {
        using var rounding = MatrixProducts.Round(RoundsProducts && device.type == TorchSharp.DeviceType.CPU);
        workers.Run(action);
    }
}
