using Kalm.Alignment.Losses;
using Kalm.Engine;
using static TorchSharp.torch;

namespace Kalm.Tests.Alignment.Losses;

public sealed class CandidateBankTests
{
    [Fact]
    public void It_holds_the_newest_vector_of_each_text_and_the_oldest_leave_first()
    {
        NativeEngine.Initialize();
        using var bank = new CandidateBank(3, 2, CPU);
        bank.Add([7, 70_000], Rows(1, 2));
        bank.Add([8, 7], Rows(3, 4));
        Assert.Equal([70_000, 8, 7], bank.Texts);
        Assert.Equal([2, 2, 3, 3, 4, 4], bank.Vectors.data<float>().ToArray());

        bank.Add([9], Rows(5));
        Assert.Equal([8, 7, 9], bank.Texts);
        Assert.Equal([3, 3, 4, 4, 5, 5], bank.Vectors.data<float>().ToArray());

        bank.Add([1, 2, 3, 4], Rows(1, 2, 3, 4));
        Assert.Equal([2, 3, 4], bank.Texts);
    }

    [Fact]
    public void A_checkpoint_brings_back_what_it_held()
    {
        NativeEngine.Initialize();
        using var scope = NewDisposeScope();
        using var bank = new CandidateBank(5, 2, CPU);
        bank.Add([70_000, 0], Rows(1, 2));
        using var other = new CandidateBank(5, 2, CPU);
        other.Add([4], Rows(9));
        other.Restore(bank.ToTensors());
        Assert.Equal(bank.Texts, other.Texts);
        Assert.Equal(bank.Vectors.data<float>().ToArray(), other.Vectors.data<float>().ToArray());
    }

    private static Tensor Rows(params float[] values) => tensor(values).unsqueeze(1).expand(-1, 2);
}
