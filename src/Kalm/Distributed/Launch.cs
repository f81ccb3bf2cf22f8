using System.Globalization;

namespace Kalm.Distributed;

/// <summary>How this process was started, by what launchers leave in the environment.</summary>
/// <param name="Rank">Which of the processes it is.</param>
/// <param name="Count">How many were started with it; 1 where it is alone.</param>
public sealed record Launch(int Rank, int Count)
{
    private static readonly (string Rank, string Count)[] Variables =
    [
        ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        // srun --mpi=pmix; where no PMIx is spoken the tasks of a step know nothing of each other.
        ("PMIX_RANK", "SLURM_STEP_NUM_TASKS"),
    ];

    /// <summary>Of this process.</summary>
    public static Launch Current => Of(Environment.GetEnvironmentVariable);

    /// <summary>Of an environment.</summary>
    /// <param name="variable">Looks a variable up; null for one that is not set.</param>
    /// <exception cref="KalmException">Another MPI than Open MPI started it.</exception>
    public static Launch Of(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        foreach (var (rank, count) in Variables)
            if (Number(rank) is { } own && Number(count) is > 1 and { } all)
                return new Launch(own, all);
        return Number("PMI_SIZE") is > 1 and { } others
            ? throw new KalmException($"PMI_SIZE: found {others}, set by MPICH's mpiexec or by srun --mpi=pmi2\n"
                + "expected Open MPI's mpirun, or srun --mpi=pmix")
            : new Launch(0, 1);

        int? Number(string name) =>
            int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
