using System.Net;
using System.Net.Sockets;

namespace Kalm.Tests.Cli;

/// <summary>What the machine does not give is told with what was found, what was expected and what to do.</summary>
public class MachineFaultTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("--port", "99999", "found '99999'", "0 to 65535")]
    [InlineData("--port", "abc", "found 'abc'", "0 to 65535")]
    [InlineData("--urls", "http://127.0.0.1:99999", "found the port '99999'", "65535")]
    [InlineData("--urls", "http://127.0.0.1:abc", "found the port 'abc'", "65535")]
    [InlineData("--urls", "http://127.0.0.1:-1", "found the port '-1'", "65535")]
    [InlineData("--urls", "http://nohost.invalid:8080", "found the host 'nohost.invalid'", "* for all")]
    [InlineData("--urls", "http://127.0.0.1:0;127.0.0.1:0", "--urls 127.0.0.1:0", "http://HOST:PORT")]
    [InlineData("--urls", "https://127.0.0.1:0", "https", "proxy")]
    [InlineData("--urls", "http://127.0.0.1:0/base", "--urls http://127.0.0.1:0/base", "http://HOST:PORT")]
    [InlineData("--urls", "http://192.0.2.1:0", "not this machine's", "http://HOST:PORT")]
    public void A_bad_address_is_named_before_anything_is_listened_at(string option, string given, string found, string expected)
    {
        var result = CommandLine.Run("serve", "--quiet", "--model", tiny.Model, "--graph", tiny.Graph, option, given);
        result.IsFault(found, expected);
        Assert.DoesNotContain("Listening", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_that_another_process_listens_at_is_told_with_what_to_do()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = $"{((IPEndPoint)other.LocalEndpoint).Port}";
        CommandLine.Run("serve", "--quiet", "--model", tiny.Model, "--graph", tiny.Graph, "--port", port)
            .IsFault($":{port}", "another process listens", "ss -ltnp", "another port");
    }

    [Fact]
    public void Only_one_option_says_where_to_listen() => CommandLine.Run(
        "serve", "--model", tiny.Model, "--graph", tiny.Graph, "--port", "0", "--urls", "http://*:0").IsFault("--urls and --port");

    [Theory]
    [InlineData("serve --graph GRAPH")]
    [InlineData("embed --graph GRAPH --out o")]
    [InlineData("align --graph GRAPH --out o")]
    public void A_device_that_is_none_is_told_with_those_there_are(string line)
    {
        var words = line.Replace("GRAPH", tiny.Graph, StringComparison.Ordinal).Split(' ');
        CommandLine.Run([.. words, "--model", tiny.Model, "--device", "gpu"]).IsFault("found 'gpu'", "expected auto, cpu, cuda or cuda:N");
        Kalm.Engine.NativeEngine.Initialize();
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "this machine has a GPU that works");
        CommandLine.Run([.. words, "--model", tiny.Model, "--device", "cuda", "--quiet"])
            .IsFault("--device cuda: no usable CUDA device", "or cpu");
    }

    [Theory]
    [InlineData("pretrain --graph GRAPH --steps 1")]
    [InlineData("align --model MODEL --graph GRAPH --steps 1")]
    [InlineData("embed --model MODEL --graph GRAPH")]
    [InlineData("export --model MODEL --to hf")]
    [InlineData("ablate --model MODEL --graph GRAPH --steps 1")]
    [InlineData("demo")]
    public void A_folder_that_cannot_be_made_is_told_before_any_work(string line)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /sys and /dev/null");
        string[] words = [.. line.Split(' ').Select(word => word switch { "GRAPH" => tiny.Graph, "MODEL" => tiny.Model, _ => word })];
        CommandLine.Run([.. words, "--quiet", "--out", "/sys/kalm/run"])
            .IsFault("--out /sys/kalm/run: nothing can be written in /sys", "may make files");
        CommandLine.Run([.. words, "--quiet", "--out", "/dev/null/run"])
            .IsFault("--out /dev/null/run: found the file /dev/null", "expected a folder there");
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_told_before_any_work()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs /sys");
        CommandLine.Run("describe", tiny.Model, "--json", "/sys/model.json")
            .IsFault("--json /sys/model.json: nothing can be written in /sys", "may make files");
    }
}
