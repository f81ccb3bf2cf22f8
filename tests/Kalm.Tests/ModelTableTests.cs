using System.Globalization;
using Kalm.Alignment.Options;
using Kalm.Language.Model;
using Kalm.Language.Pretraining;

namespace Kalm.Tests;

/// <summary>What the documents tell of presets and recipes is so.</summary>
public class ModelTableTests
{
    [Fact]
    public void The_table_of_presets_is_what_pretrain_makes()
    {
        foreach (var preset in ModelPreset.All)
        {
            var (all, body) = CausalModel.CountParameters(preset.ToConfig(preset.Vocabulary, null));
            var row = string.Create(
                CultureInfo.InvariantCulture,
                $"| {preset.Name} | {preset.Hidden} | {preset.Layers} | {preset.Heads} | {preset.FeedForward:N0} "
                    + $"| {preset.Vocabulary:N0} | {preset.Context} | {all:N0} | {body:N0} |");
            Assert.Contains(row, Documents.Text("docs/reference/models.md"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_recipe_is_valid()
    {
        var recipes = Directory.GetFiles(Path.Combine(LayeringTests.RepositoryRoot(), "recipes"), "*.json");
        Assert.NotEmpty(recipes);
        foreach (var recipe in recipes)
            RecipeFile.Read(recipe);
    }
}
