using System.Runtime.InteropServices;

namespace Kalm.Distributed;

/// <summary>The functions and handles of Open MPI that are used. All calls come from one thread.</summary>
internal sealed unsafe partial class MpiLibrary
{
    private const int ResolveNow = 2;
    private const int Global = 0x100;
    private const int LongestText = 1 << 13;
    private static readonly string[] Names = ["libmpi.so.40", "libmpi.so"];
    private static readonly nint InPlace = 1;
    private readonly nint library;
    private readonly string name;
    private readonly nint world;
    private readonly nint sum;
    private readonly nint max;
    private readonly nint floats;
    private readonly nint bytes;
    private readonly delegate* unmanaged<nint, nint, int, nint, nint, nint, int> allreduce;
    private readonly delegate* unmanaged<nint, int, nint, nint, int*, int*, nint, nint, int> allgatherv;
    private readonly delegate* unmanaged<nint, int, nint, int, nint, int> bcast;

    private MpiLibrary(nint library, string name)
    {
        (this.library, this.name) = (library, name);
        // Other libraries have integers in the place of these.
        world = Find("ompi_mpi_comm_world");
        (sum, max, floats, bytes) = (Find("ompi_mpi_op_sum"), Find("ompi_mpi_op_max"), Find("ompi_mpi_float"), Find("ompi_mpi_byte"));
        allreduce = (delegate* unmanaged<nint, nint, int, nint, nint, nint, int>)Find("MPI_Allreduce");
        allgatherv = (delegate* unmanaged<nint, int, nint, nint, int*, int*, nint, nint, int>)Find("MPI_Allgatherv");
        bcast = (delegate* unmanaged<nint, int, nint, int, nint, int>)Find("MPI_Bcast");
    }

    /// <summary>Loads the system's library.</summary>
    /// <exception cref="KalmException">There is none, or it is not Open MPI's.</exception>
    public static MpiLibrary Load() => Load(Names);

    /// <summary>Loads the first library that is there.</summary>
    /// <param name="names">Names of files, as the system looks for them.</param>
    /// <exception cref="KalmException">There is none, or it is not Open MPI's.</exception>
    internal static MpiLibrary Load(params string[] names)
    {
        if (!OperatingSystem.IsLinux())
            throw new KalmException("found several ranks on a system that is not Linux; expected Linux with Open MPI, or one process");
        // Open MPI's own modules look for its functions among those of the whole process.
        foreach (var name in names)
            if (Open(name, ResolveNow | Global) is not 0 and var library)
                return new MpiLibrary(library, name);
        throw new KalmException($"found no {string.Join(" and no ", names)} though several ranks were started\n"
            + "expected Open MPI 4 or 5 where the loader looks for libraries (Debian: apt-get install openmpi-bin)");
    }

    /// <summary>Begins; tells which rank this process is, and of how many.</summary>
    public (int Rank, int Count) Begin()
    {
        int given, rank, count;
        Require(((delegate* unmanaged<int*, nint, int, int*, int>)Find("MPI_Init_thread"))(null, 0, 0, &given), "MPI_Init_thread");
        // A rank that is gone is told as a number, instead of ending this process.
        Require(((delegate* unmanaged<nint, nint, int>)Find("MPI_Comm_set_errhandler"))(world, Find("ompi_mpi_errors_return")),
            "MPI_Comm_set_errhandler");
        Require(((delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_rank"))(world, &rank), "MPI_Comm_rank");
        Require(((delegate* unmanaged<nint, int*, int>)Find("MPI_Comm_size"))(world, &count), "MPI_Comm_size");
        return (rank, count);
    }

    /// <summary>Adds up numbers in place.</summary>
    /// <param name="at">Where they lie.</param>
    /// <param name="count">How many.</param>
    /// <param name="isDouble">Whether they are F64, not F32.</param>
    public void Sum(nint at, int count, bool isDouble) =>
        Require(allreduce(InPlace, at, count, isDouble ? Find("ompi_mpi_double") : floats, sum, world), "MPI_Allreduce");

    /// <summary>Takes the largest of 64-bit whole numbers in place.</summary>
    public void Max(nint at, int count) =>
        Require(allreduce(InPlace, at, count, Find("ompi_mpi_int64_t"), max, world), "MPI_Allreduce");

    /// <summary>Lays F32 numbers of all ranks one behind the other.</summary>
    /// <param name="own">This rank's.</param>
    /// <param name="all">Takes all.</param>
    /// <param name="counts">How many each rank has.</param>
    /// <param name="starts">Where each rank's begin in <paramref name="all"/>, in numbers.</param>
    /// <param name="rank">Which is this one.</param>
    public void Gather(nint own, nint all, int[] counts, int[] starts, int rank)
    {
        fixed (int* sizes = counts, places = starts)
            Require(allgatherv(own, counts[rank], floats, all, sizes, places, floats, world), "MPI_Allgatherv");
    }

    /// <summary>Gives all ranks the first one's bytes.</summary>
    public void Broadcast(nint at, int count) => Require(bcast(at, count, bytes, 0, world), "MPI_Bcast");

    /// <summary>Ends together with the others.</summary>
    public void End() => Require(((delegate* unmanaged<int>)Find("MPI_Finalize"))(), "MPI_Finalize");

    private nint Find(string symbol) => NativeLibrary.TryGetExport(library, symbol, out var found) ? found : throw new KalmException(
        $"{name}: found {Version()}, which has no {symbol}\nexpected Open MPI 4 or 5: MPICH and what is made of it number their handles "
            + "otherwise (Debian: apt-get install openmpi-bin)");

    private string Version()
    {
        if (!NativeLibrary.TryGetExport(library, "MPI_Get_library_version", out var tell))
            return "no MPI library";
        var text = stackalloc byte[LongestText];
        int length;
        ((delegate* unmanaged<byte*, int*, int>)tell)(text, &length);
        return (Marshal.PtrToStringUTF8((nint)text) ?? "").Split('\n')[0];
    }

    private static void Require(int result, string function)
    {
        if (result != 0)
            throw new RanksLostException($"{function} gave error {result}: another rank is gone, or cannot be reached");
    }

    [LibraryImport("libdl.so.2", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Open(string name, int flags);
}
