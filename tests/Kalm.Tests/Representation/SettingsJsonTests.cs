using Kalm.Representation;

namespace Kalm.Tests.Representation;

/// <summary>What is read with the members that were found in compiling is spelled, and refused, as everything else is.</summary>
public class SettingsJsonTests
{
    [Theory]
    [InlineData(WordingStyle.DescriptionFirst, null)]
    [InlineData(WordingStyle.Compat, PromptForm.Alpaca)]
    public void A_wording_is_spelled_as_by_the_shared_options(WordingStyle style, PromptForm? form)
    {
        var options = new WordingOptions(style, 12, 34, form);
        Assert.Equal(Json.Text(options), Json.Text(options, SettingsJson.Shared.WordingOptions));
    }

    [Theory]
    [InlineData("""{ "log_inverse_temperature": 3, "wording": { "style": "compat" } }""", null)]
    [InlineData("""{ "log_inverse_temperature": 3, "wording": { "style": "compat", "colour": 1 } }""", "colour")]
    [InlineData("""{ "log_inverse_temperature": 3, "log_inverse_temperature": 4, "wording": {} }""", "log_inverse_temperature")]
    [InlineData("""{ "log_inverse_temperature": "warm", "wording": {} }""", "log_inverse_temperature")]
    public void Settings_are_read_and_refused_as_by_the_shared_options(string text, string? named)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write(AlignedSettings.FileName, text);
        if (named is null)
        {
            Assert.Equal(Json.Read<AlignedSettings>(file), Json.Read(file, SettingsJson.Shared.AlignedSettings));
            return;
        }
        var expected = Assert.Throws<KalmException>(() => Json.Read<AlignedSettings>(file)).Message;
        Assert.Contains(named, expected, StringComparison.Ordinal);
        Assert.Equal(expected, Assert.Throws<KalmException>(() => Json.Read(file, SettingsJson.Shared.AlignedSettings)).Message);
    }
}
