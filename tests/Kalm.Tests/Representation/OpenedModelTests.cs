using Kalm.Representation;

namespace Kalm.Tests.Representation;

public sealed class OpenedModelTests : IDisposable
{
    private const string Adapter = "tied-rslora";
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_with_one_adapter_inside_is_that_adapter()
    {
        Put("run/policy");
        using var found = OpenedModel.Open(folder.File("run"));
        Assert.Equal(folder.File("run/policy"), found.AdapterFolder);
        Assert.Equal(folder.File("run"), found.Given);
    }

    [Fact]
    public void Of_several_adapters_inside_a_folder_none_is_taken_but_each_is_named()
    {
        Put("run/checkpoint-10");
        Put("run/checkpoint-20");
        var message = Assert.Throws<KalmException>(() => OpenedModel.Open(folder.File("run"))).Message;
        Assert.Contains("checkpoint-10, checkpoint-20", message, StringComparison.Ordinal);
    }

    private void Put(string name)
    {
        var adapters = Path.Combine(Fixture.Folder, "adapters");
        var config = File.ReadAllText(Path.Combine(adapters, Adapter, "adapter_config.json"));
        folder.Write(name + "/adapter_config.json", config.Replace("../tied", Path.Combine(adapters, "tied"), StringComparison.Ordinal));
        File.Copy(Path.Combine(adapters, Adapter, "adapter_model.safetensors"), folder.File(name + "/adapter_model.safetensors"));
    }
}
