using Kalm.Tests.Graph;

namespace Kalm.Tests.Cli;

public class ArgumentTests
{
    [Theory]
    [InlineData("trian", "'trian'", "expected one of demo, pretrain, align")]
    [InlineData("evaluate", "verb is missing", "completion")]
    [InlineData("evaluate everything", "'everything'", "completion")]
    [InlineData("align --model m", "--graph, --out: missing", "kalm align --help")]
    [InlineData("align --modle m --graph g --out o", "--modle", "--model")]
    [InlineData("align --model m --graph g --out o --base-precision fp16", "--base-precision", "int8")]
    [InlineData("align --model m --graph g --out o extra", "'extra'", "no option")]
    [InlineData("align --model m --graph g --out o --steps few", "--steps", "'few'")]
    [InlineData("align --model m --graph g --out o --batch 0", "--batch", "1 or more")]
    [InlineData("align --model m --graph g --out o --minutes -1", "--minutes", "above 0")]
    [InlineData("align --model m --graph g --out o --method qlora", "--method", "lora or full")]
    [InlineData("align --model m --graph g --out o --device tpu", "--device", "auto, cpu, cuda or cuda:N")]
    [InlineData("align --model m --graph g --out o --steps 1 --epochs 2", "--epochs and --steps", "only one")]
    [InlineData("align --model nowhere --graph g --out o", "--model nowhere", "no such folder")]
    [InlineData("align --model m --graph g --out", "--out", "")]
    [InlineData("pretrain --out o", "--text", "--graph")]
    [InlineData("pretrain --out o --text nowhere.txt", "--text nowhere.txt", "no such file")]
    [InlineData("pretrain --out o --graph nowhere", "--graph nowhere", "no such folder")]
    [InlineData("pretrain --out o --graph g --steps 1 --minutes 1", "--steps and --minutes", "only one")]
    [InlineData("pretrain --out o --graph g --preset huge", "--preset", "tiny or small or medium")]
    [InlineData("pretrain --out o --graph g --vocabulary 12", "--vocabulary", "257 or more")]
    [InlineData("evaluate completion --model m --graph g --split train", "--split", "'train'")]
    [InlineData("evaluate completion --model m --graph g --split test --split valid", "--split", "'valid'")]
    [InlineData("align --model m --graph g --out o --split 0.8,0.1", "--split", "'0.8,0.1'")]
    [InlineData("align --model m --graph g --out o --split test", "--split", "three shares that sum to 1")]
    [InlineData("embed --model m --graph g --out o --split 0.8,0.1,0.2", "--split", "three shares that sum to 1")]
    [InlineData("graph inspect g --texts", "--texts", "")]
    [InlineData("evaluate completion --model m --graph g --seed 1.5", "--seed", "whole number")]
    [InlineData("evaluate completion --model nowhere --graph g", "--model nowhere", "no such folder")]
    [InlineData("embed --model m --graph g --out o --queries train", "--queries", "test or valid")]
    [InlineData("graph inspect", "Required argument missing", "graph inspect --help")]
    [InlineData("graph inspect nowhere", "nowhere", "no such folder")]
    [InlineData("tokenize --model m", "TEXT, --file", "missing")]
    [InlineData("tokenize --model m --file nowhere.txt", "--file nowhere.txt", "no such file")]
    [InlineData("tokenize --model nowhere text", "--model nowhere", "no such folder")]
    public void A_fault_is_told_in_a_few_lines_that_name_it(string line, string named, string expected) =>
        CommandLine.Run(line.Split(' ')).IsFault(named, expected);

    [Fact]
    public void Help_is_the_answer_to_no_arguments()
    {
        var bare = CommandLine.Run().IsSuccess();
        Assert.Equal(CommandLine.Run("--help").IsSuccess().Output, bare.Output);
        Assert.Contains("kalm [command]", bare.Output, StringComparison.Ordinal);
        Assert.Equal("", bare.Error);
    }

    [Theory]
    [InlineData("pretrain")]
    [InlineData("align")]
    [InlineData("evaluate completion")]
    [InlineData("embed")]
    [InlineData("graph inspect")]
    [InlineData("tokenize")]
    [InlineData("describe")]
    [InlineData("doctor")]
    public void Every_verb_has_help(string verb) =>
        Assert.Contains($"kalm {verb}", CommandLine.Run([.. verb.Split(' '), "--help"]).IsSuccess().Output, StringComparison.Ordinal);

    [Fact]
    public void A_text_file_must_hold_text_in_utf8()
    {
        using var folder = new TemporaryFolder();
        var empty = folder.Write("empty.txt", " \n\n\t\n");
        CommandLine.Run("pretrain", "--text", empty, "--out", folder.File("model")).IsFault(empty, "found no text");
        var binary = folder.File("binary.txt");
        File.WriteAllBytes(binary, [0x61, 0xff, 0xfe]);
        CommandLine.Run("pretrain", "--text", binary, "--out", folder.File("model")).IsFault(binary, "UTF-8");
        Assert.False(Directory.Exists(folder.File("model")));
    }

    [Fact]
    public void Blank_lines_set_the_texts_of_a_file_apart()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("text.txt", "\nOne line\nand another.\r\n  \r\n\n\nThe next text.\n");
        Assert.Equal(["One line\nand another.", "The next text."], Kalm.Cli.PlainTexts.OfFiles([file]));
    }

    [Fact]
    public void A_folder_in_use_is_never_written_to()
    {
        using var graph = SmallGraph.Kalm();
        CommandLine.Run("pretrain", "--graph", graph.Path, "--out", graph.Path).IsFault("--out", "not empty");
    }

    [Fact]
    public void A_fault_in_a_graph_names_file_and_line()
    {
        using var graph = SmallGraph.Kalm().With("train.txt", "car\t_has_prat\twheel\n");
        CommandLine.Run("graph", "inspect", graph.Path).IsFault("train.txt(1)", "did you mean '_has_part'?");
    }
}
