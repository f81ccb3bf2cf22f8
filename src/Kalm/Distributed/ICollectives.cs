using static TorchSharp.torch;

namespace Kalm.Distributed;

/// <summary>What the processes of one run, its ranks, do together: every rank calls the same operations in the same order, and waits in
/// each for the others.</summary>
public interface ICollectives
{
    /// <summary>Which of the ranks this process is, from 0; the first reads and writes the run's files and talks to people.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Count { get; }

    /// <summary>What the ranks have told each other since the start.</summary>
    Traffic Traffic { get; }

    /// <summary>Adds up what the ranks hold, in place; all hold the same sum afterwards.</summary>
    /// <param name="values">F32 or F64, contiguous, of one shape on all ranks, on any device.</param>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    void Sum(Tensor values);

    /// <summary>Lays the rows of all ranks one behind the other, those of the first rank first.</summary>
    /// <param name="rows">[any number, width], F32; the width is the same on all ranks.</param>
    /// <returns>[sum of the numbers, width] on the device of <paramref name="rows"/>; the caller owns it.</returns>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    Tensor Gather(Tensor rows);

    /// <summary>Takes the largest of each number over the ranks, in place.</summary>
    /// <param name="numbers">As many on all ranks.</param>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    void Max(long[] numbers);

    /// <summary>Tells all ranks what the first holds.</summary>
    /// <param name="bytes">What it tells; null on the others.</param>
    /// <returns>The first rank's bytes, on every rank.</returns>
    /// <exception cref="RanksLostException">Another rank is gone.</exception>
    byte[] FromFirst(byte[]? bytes);
}

/// <summary>What one rank gave to the others, and how long it took.</summary>
/// <param name="Bytes">Bytes that this rank handed over, each once, however many ranks there are.</param>
/// <param name="Seconds">Time in which it waited for the others or for what they sent.</param>
public readonly record struct Traffic(long Bytes, double Seconds)
{
    /// <summary>What came after an earlier count.</summary>
    public Traffic Since(Traffic earlier) => new(Bytes - earlier.Bytes, Seconds - earlier.Seconds);
}

/// <summary>Another rank is gone, or gave no answer after this one was told to stop: nothing can be done together any more.</summary>
public sealed class RanksLostException : OperationCanceledException
{
    /// <summary>Tells what happened, in one line.</summary>
    public RanksLostException(string message) : base(message) { }

    /// <summary>Tells what happened, in one line, and the exception behind it.</summary>
    public RanksLostException(string message, Exception inner) : base(message, inner) { }

    /// <summary>Tells nothing further.</summary>
    public RanksLostException() : base("another rank is gone") { }
}
