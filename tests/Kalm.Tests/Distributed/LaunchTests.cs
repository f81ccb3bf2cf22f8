using Kalm.Cli;
using Kalm.Distributed;
using Kalm.Tests.Cli;

namespace Kalm.Tests.Distributed;

public class LaunchTests
{
    [Fact]
    public void The_environment_tells_who_started_a_process()
    {
        Assert.Equal(new Launch(0, 1), Of());
        Assert.Equal(new Launch(0, 1), Of(("OMPI_COMM_WORLD_SIZE", "1"), ("OMPI_COMM_WORLD_RANK", "0")));
        Assert.Equal(new Launch(3, 4), Of(("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3")));
        Assert.Equal(new Launch(1, 8), Of(("PMIX_RANK", "1"), ("SLURM_STEP_NUM_TASKS", "8")));
        Assert.Equal(new Launch(0, 1), Of(("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_PROCID", "3")));
        Assert.Contains(
            "MPICH", Assert.Throws<KalmException>(() => Of(("PMI_SIZE", "2"), ("PMI_RANK", "0"))).Message, StringComparison.Ordinal);

        static Launch Of(params (string Name, string Value)[] variables) =>
            Launch.Of(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
    }

    [Theory]
    [InlineData("describe: found 3 ranks", "describe", "--model", "x")]
    [InlineData("graph inspect: found 3 ranks", "graph", "inspect", "x")]
    [InlineData("evaluate geometry: found 3 ranks", "evaluate", "geometry", "--model", "x")]
    public void Verbs_that_ranks_do_not_share_are_refused(string refusal, params string[] arguments)
    {
        using var error = new StringWriter();
        var code = RankedApplication.Run(arguments, new Terminal(TextWriter.Null, error, TestContext.Current.CancellationToken),
            name => name switch { "OMPI_COMM_WORLD_SIZE" => "3", "OMPI_COMM_WORLD_RANK" => "0", _ => null });
        new CommandLine(code, "", error.ToString()).IsFault(refusal, "align, pretrain, embed, evaluate completion");
    }

    [Fact]
    public void A_library_that_is_not_Open_MPIs_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs Linux");
        Refused("libnone.so", "libnone.so");
        Refused("libc.so.6", "ompi_mpi_comm_world");

        static void Refused(string library, string why) =>
            Assert.Contains(why, Assert.Throws<KalmException>(() => MpiLibrary.Load(library)).Message, StringComparison.Ordinal);
    }
}
