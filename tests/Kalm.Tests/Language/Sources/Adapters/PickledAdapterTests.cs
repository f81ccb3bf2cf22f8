using Kalm.Language.Sources.Adapters;
using Kalm.Language.Sources.Config;
using Kalm.Language.Sources.Safetensors;
using Kalm.Tests.Language.Sources.Pickled;

namespace Kalm.Tests.Language.Sources.Adapters;

/// <summary>Adapters whose tensors lie in <c>adapter_model.bin</c>, as PEFT saved them before safetensors.</summary>
public sealed class PickledAdapterTests : TorchTest
{
    private const string PickledName = "adapter_model.bin";
    private static readonly string Folder = Path.Combine(Fixture.Folder, "adapters");

    [Theory]
    [InlineData("tied-all-linear")]
    [InlineData("tied-both-saved")]
    [InlineData("tied-dora")]
    [InlineData("tied-embedding-lora")]
    [InlineData("tied-token-indices")]
    [InlineData("tied-vocabulary-grown")]
    [InlineData("untied-bias-all")]
    [InlineData("untied-olora")]
    public void A_pickled_adapter_gives_the_model_of_the_one_in_safetensors(string name)
    {
        using var folder = Pickle(name);
        var model = Path.Combine(Folder, name.Split('-')[0]);
        using var expected = SourceWeights.Open(model, Path.Combine(Folder, name));
        using var found = SourceWeights.Open(model, folder.Path);
        Assert.Equal(expected.Warnings, found.Warnings);
        Assert.Equal(
            expected.Config.TensorShapes().Select(tensor => tensor.Name), found.Config.TensorShapes().Select(tensor => tensor.Name));
        foreach (var (tensor, _) in expected.Config.TensorShapes())
        {
            using var wanted = expected.Read(tensor);
            using var read = found.Read(tensor);
            Assert.Equal(wanted.shape, read.shape);
            Assert.Equal(wanted.data<float>().ToArray(), read.data<float>().ToArray());
        }
    }

    [Fact]
    public void Safetensors_are_taken_where_both_are_there()
    {
        using var folder = Pickle("tied-all-linear");
        File.Copy(Path.Combine(Folder, "tied-all-linear", AdapterConfig.WeightsName), folder.File(AdapterConfig.WeightsName));
        folder.Write(PickledName, "anything");
        using var adapter = Open(folder);
        Assert.Equal(folder.File(AdapterConfig.WeightsName), adapter.Weights.Path);
    }

    [Fact]
    public void An_unsound_file_is_refused_by_its_name()
    {
        using var folder = Pickle("tied-all-linear");
        var sound = File.ReadAllBytes(folder.File(PickledName));
        AssertRefused(sound[..(sound.Length / 2)], "is it cut short?");
        AssertRefused(PickleBytes.Archive("\u0080\u0002cos\nsystem\nX\u0005\0\0\0touch\u0085R."), "its pickle names 'os.system'");
        AssertRefused([], "found an empty file");

        void AssertRefused(byte[] content, string expected)
        {
            File.WriteAllBytes(folder.File(PickledName), content);
            var message = Assert.Throws<KalmException>(() => Open(folder)).Message;
            Assert.StartsWith(folder.File(PickledName) + ": ", message, StringComparison.Ordinal);
            Assert.Contains(expected, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_folder_without_tensors_asks_for_safetensors()
    {
        using var folder = Pickle("tied-all-linear");
        File.Delete(folder.File(PickledName));
        Assert.Contains(AdapterConfig.WeightsName, Assert.Throws<KalmException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    private static AdapterFolder Open(TemporaryFolder folder) =>
        AdapterFolder.Open(folder.Path, ModelConfig.Load(Path.Combine(Folder, "tied")));

    private static TemporaryFolder Pickle(string name)
    {
        var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Folder, name, AdapterConfig.FileName), folder.File(AdapterConfig.FileName));
        using var file = SafetensorsFile.Open(Path.Combine(Folder, name, AdapterConfig.WeightsName));
        File.WriteAllBytes(folder.File(PickledName), PickleBytes.Of(file));
        return folder;
    }
}
