using Kalm.Engine;
using TorchSharp;

namespace Kalm.Tests.Engine;

public sealed class ComputeDeviceTests
{
    [Theory]
    [InlineData("auto", true)]
    [InlineData("cpu", true)]
    [InlineData("cuda", true)]
    [InlineData("cuda:0", true)]
    [InlineData("cuda:12", true)]
    [InlineData("cuda:", false)]
    [InlineData("cuda:-1", false)]
    [InlineData("cuda:1x", false)]
    [InlineData("CPU", false)]
    [InlineData("", false)]
    public void Names_are_told_from_other_words(string word, bool isName)
    {
        Assert.Equal(isName, ComputeDevice.IsName(word));
        if (!isName)
            Assert.Contains($"expected {ComputeDevice.Names}", Assert.Throws<KalmException>(() => ComputeDevice.Of(word)).Message);
    }

    [Fact]
    public void What_is_chosen_is_there()
    {
        Assert.Equal(DeviceType.CPU, ComputeDevice.Of("cpu").type);
        NativeEngine.Initialize();
        var count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        Assert.Equal(count == 0 ? DeviceType.CPU : DeviceType.CUDA, ComputeDevice.Of("auto").type);
        Assert.Contains(
            count == 0 ? "no usable CUDA device" : $"expected cuda:0..cuda:{count - 1}",
            Assert.Throws<KalmException>(() => ComputeDevice.Of($"cuda:{count}")).Message);
        Assert.Equal(count == 0, GpuMemory.Of(0) is null);
    }
}
