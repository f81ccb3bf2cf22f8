using System.Diagnostics;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace Kalm.Distributed;

/// <summary>Ranks that Open MPI started. A thread of its own makes all calls, so that this process can still end where another rank is
/// gone: mpirun and Slurm then send SIGTERM, and the first rank has a moment to write what it has.</summary>
#pragma warning disable CA1001 // It lives as long as the process, and so does the thread that waits for its fields.
public sealed unsafe class OpenMpi : ICollectives
#pragma warning restore CA1001
{
    private const int NumbersAtOnce = 1 << 26;
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(0.5);
    private readonly MpiLibrary library;
    private readonly CancellationToken stop;
    private readonly SemaphoreSlim asked = new(0);
    private readonly SemaphoreSlim answered = new(0);
    private Action? work;
    private Exception? failure;
    private bool isLost;
    private long bytes;
    private long ticks;

    private OpenMpi(MpiLibrary library, CancellationToken stop)
    {
        (this.library, this.stop) = (library, stop);
        new Thread(Work) { IsBackground = true, Name = "MPI" }.Start();
        var (rank, count) = (0, 0);
        Call(() => (rank, count) = library.Begin());
        (Rank, Count) = (rank, count);
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public Traffic Traffic => new(bytes, TimeSpan.FromTicks(ticks).TotalSeconds);

    /// <summary>Joins the other ranks; once in a process.</summary>
    /// <param name="stop">Tells that the launcher wants an end: from then on the first rank gives the others half a second to
    /// answer.</param>
    /// <exception cref="KalmException">Open MPI is not there.</exception>
    public static OpenMpi Join(CancellationToken stop) => new(MpiLibrary.Load(), stop);

    /// <inheritdoc/>
    public void Sum(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.dtype is not (ScalarType.Float32 or ScalarType.Float64) || !values.is_contiguous())
            throw new ArgumentException($"found {values.dtype}; expected Float32 or Float64, contiguous", nameof(values));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var flat = values.detach().view(-1);
        var local = flat.cpu();
        for (var start = 0L; start < local.numel(); start += NumbersAtOnce)
        {
            var count = (int)Math.Min(NumbersAtOnce, local.numel() - start);
            fixed (byte* place = local.narrow(0, start, count).bytes)
            {
                var at = (nint)place;
                Timed(count * (long)values.element_size(), () => library.Sum(at, count, values.dtype == ScalarType.Float64));
            }
        }
        if (values.device_type != TorchSharp.DeviceType.CPU)
            flat.copy_(local);
    }

    /// <inheritdoc/>
    public Tensor Gather(Tensor rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.dtype != ScalarType.Float32 || rows.dim() != 2)
            throw new ArgumentException($"found {rows.dtype} of {rows.dim()} dimensions; expected Float32 of 2", nameof(rows));
        var width = rows.shape[1];
        var each = new long[Count];
        each[Rank] = rows.shape[0];
        Max(each);
        if (each.Sum() * width * sizeof(float) > int.MaxValue)
            throw new KalmException(
                $"rank {Rank}: found {each.Sum():N0} rows of {width:N0} numbers to gather; expected at most {int.MaxValue:N0} bytes");
        var counts = Array.ConvertAll(each, count => (int)(count * width));
        var starts = new int[Count];
        for (var rank = 1; rank < Count; rank++)
            starts[rank] = starts[rank - 1] + counts[rank - 1];
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var local = rows.detach().cpu().contiguous();
        var all = empty([each.Sum(), width], ScalarType.Float32);
        fixed (byte* own = local.bytes, place = all.bytes)
        {
            var (from, to) = ((nint)own, (nint)place);
            Timed(counts[Rank] * (long)sizeof(float), () => library.Gather(from, to, counts, starts, Rank));
        }
        return all.to(rows.device).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Max(long[] numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        fixed (long* place = numbers)
        {
            var at = (nint)place;
            Timed(numbers.Length * (long)sizeof(long), () => library.Max(at, numbers.Length));
        }
    }

    /// <inheritdoc/>
    public byte[] FromFirst(byte[]? bytes)
    {
        long[] length = [bytes?.Length ?? 0];
        Max(length);
        var told = Rank == 0 ? bytes! : new byte[length[0]];
        fixed (byte* place = told)
        {
            var at = (nint)place;
            Timed(Rank == 0 ? told.Length : 0, () => library.Broadcast(at, told.Length));
        }
        return told;
    }

    /// <summary>Ends together with the others, unless they are gone. A process that ends without this has the launcher end
    /// all.</summary>
    public void Leave()
    {
        if (isLost)
            return;
        try
        {
            Call(library.End);
        }
        catch (RanksLostException)
        {
            // Nobody is left to be told.
        }
    }

    private void Timed(long given, Action action)
    {
        var start = Stopwatch.GetTimestamp();
        Call(action);
        ticks += Stopwatch.GetElapsedTime(start).Ticks;
        bytes += given;
    }

    private void Call(Action action)
    {
        if (isLost)
            throw new RanksLostException();
        (work, failure) = (action, null);
        asked.Release();
        if (Rank > 0)
            answered.Wait(CancellationToken.None);
        else
            WaitAsFirst();
        if (failure is RanksLostException)
            isLost = true;
        if (failure is not null)
            ExceptionDispatchInfo.Throw(failure);
    }

    // Only the first gives up, since it has something to write; who waits for a checkpoint that it writes does not take that for an end.
    private void WaitAsFirst()
    {
        try
        {
            answered.Wait(stop);
        }
        catch (OperationCanceledException)
        {
            if (answered.Wait(Grace, CancellationToken.None))
                return;
            isLost = true;
            throw new RanksLostException(
                $"told to stop, and no answer from the other ranks within {Grace.TotalSeconds} s: one of them is gone, or slower");
        }
    }

    private void Work()
    {
        while (true)
        {
            asked.Wait();
            try
            {
                work!();
            }
#pragma warning disable CA1031 // Every failure is handed to the thread that asked for the work.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure = error;
            }
            answered.Release();
        }
    }
}
