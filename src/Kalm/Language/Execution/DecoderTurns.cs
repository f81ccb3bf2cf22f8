using System.Diagnostics;

namespace Kalm.Language.Execution;

/// <summary>Lets two threads use one pool of workers in turn: one that answers, which takes a turn for all it does at a time, and one that
/// reads much in the background, which takes one for each round of blocks.</summary>
/// <param name="isWanted">Whether the one that answers has anything to do.</param>
public sealed class DecoderTurns(Func<bool> isWanted)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);
    private readonly object gate = new();
    private long given;
    private long served;
    private int holder;
    private TimeSpan lastRound;
    private long lastEnd = Stopwatch.GetTimestamp();

    /// <summary>Waits for a turn of one's own; whoever asked before goes first.</summary>
    /// <returns>Ends the turn.</returns>
    public IDisposable Take()
    {
        lock (gate)
        {
            var own = given++;
            while (own != served)
                Monitor.Wait(gate);
            holder = Environment.CurrentManagedThreadId;
            return new Turn(this);
        }
    }

    /// <summary>Whether the calling thread has the turn.</summary>
    internal bool IsMine => Volatile.Read(ref holder) == Environment.CurrentManagedThreadId;

    /// <summary>Does a round of the work in the background, once the other has had as much time as the round before took, or has nothing
    /// to do.</summary>
    internal void RunRound(Action work)
    {
        while (isWanted() && Stopwatch.GetElapsedTime(lastEnd) < lastRound)
            Thread.Sleep(Pause);
        using (Take())
        {
            var begun = Stopwatch.GetTimestamp();
            work();
            (lastRound, lastEnd) = (Stopwatch.GetElapsedTime(begun), Stopwatch.GetTimestamp());
        }
    }

    private void End()
    {
        lock (gate)
        {
            (holder, served) = (0, served + 1);
            Monitor.PulseAll(gate);
        }
    }

    private sealed class Turn(DecoderTurns turns) : IDisposable
    {
        private bool isEnded;

        public void Dispose()
        {
            if (!isEnded)
                turns.End();
            isEnded = true;
        }
    }
}
