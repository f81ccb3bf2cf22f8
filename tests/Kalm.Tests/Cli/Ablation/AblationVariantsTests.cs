using Kalm.Alignment;
using Kalm.Alignment.Options;
using Kalm.Cli.Ablation;

namespace Kalm.Tests.Cli.Ablation;

public class AblationVariantsTests
{
    [Fact]
    public void Of_a_model_that_writes_each_loss_and_both_run_with_and_without_keeping()
    {
        var joint = new AlignmentOptions
        {
            Explicit = new ExplicitOptions { Weight = 2 },
            Implicit = new ImplicitOptions { Weight = 0.5 },
            Keep = new KeepOptions { Weight = 3 },
        };
        var variants = AblationVariants.Of(joint, keeps: true)
            .Select(variant => (variant.Name, variant.Options.Explicit.Weight, variant.Options.Implicit.Weight, variant.Options.Keep.Weight));
        (string, double, double?, double?)[] expected =
        [
            ("explicit", 2, 0, 0), ("explicit-kept", 2, 0, 3), ("implicit", 0, 0.5, 0), ("implicit-kept", 0, 0.5, 3),
            ("joint", 2, 0.5, 0), ("joint-kept", 2, 0.5, 3),
        ];
        Assert.Equal(expected, variants);
    }

    [Fact]
    public void Of_another_model_keeping_is_left_as_it_was_given()
    {
        var variants = AblationVariants.Of(new AlignmentOptions { Implicit = new ImplicitOptions { Weight = 0 } }, keeps: false).ToList();
        Assert.Equal(["explicit", "implicit", "joint"], variants.Select(variant => variant.Name));
        Assert.Equal(new double?[] { 0, 1, 0 }, variants.Select(variant => variant.Options.Implicit.Weight));
        Assert.All(variants, variant => Assert.Null(variant.Options.Keep.Weight));
    }

    [Fact]
    public void Keeping_that_was_off_or_not_given_has_a_weight_where_it_is_compared()
    {
        foreach (var weight in new double?[] { null, 0 })
            Assert.Equal(1, AblationVariants.Of(new AlignmentOptions { Keep = new KeepOptions { Weight = weight } }, keeps: true)
                .Last().Options.Keep.Weight);
    }
}
