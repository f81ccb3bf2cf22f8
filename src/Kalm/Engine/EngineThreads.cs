using static TorchSharp.torch;

namespace Kalm.Engine;

/// <summary>How many threads the engine's operations take that the calling thread asks for.</summary>
internal static class EngineThreads
{
    /// <summary>Sets the number for the calling thread.</summary>
    /// <remarks>A thread's first parallel operation makes the number its own that any thread set last, whatever it had set itself before.
    /// That moment is brought forward, because sums over other numbers of threads differ in their last bits.</remarks>
    /// <param name="count">At least one.</param>
    public static void Use(int count)
    {
        _ = get_num_threads();
        set_num_threads(count);
    }
}
