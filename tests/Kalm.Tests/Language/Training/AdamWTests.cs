using Kalm.Engine;
using System.Text.Json;
using Kalm.Language.Model;
using Kalm.Language.Training;
using static TorchSharp.torch;

namespace Kalm.Tests.Language.Training;

public class AdamWTests : TorchTest
{
    private static readonly string[] Names = ["weight", "bias", "log_inverse_temperature"];

    [Fact]
    public void Five_steps_equal_the_independent_implementation_with_and_without_clipping()
    {
        var given = Fixture.Load("adamw.json");
        var tested = 0;
        foreach (var run in given.GetProperty("cases").EnumerateArray().Where(
            run => run.GetProperty("clip_epsilon").GetDouble() != 0 || run.GetProperty("maximum_norm").ValueKind == JsonValueKind.Null))
        {
            using var parameters = new ParameterSet(Values(given.GetProperty("start")), CPU);
            using var optimizer = new AdamW(parameters, given.GetProperty("weight_decay").GetProperty("weight").GetDouble());
            var steps = run.GetProperty("steps").EnumerateArray().ToArray();
            for (var step = 0; step < steps.Length; step++)
            {
                using var gradient = new ParameterSet(Values(given.GetProperty("gradients")[step]), CPU);
                if (run.GetProperty("maximum_norm").ValueKind == JsonValueKind.Number)
                    Assert.Equal(steps[step].GetProperty("norm").GetDouble(),
                        AdamW.Clip(gradient.Values, run.GetProperty("maximum_norm").GetDouble()), 4);
                optimizer.Step(gradient.Values, given.GetProperty("rates")[step].GetDouble());
                foreach (var (name, expected) in Values(steps[step].GetProperty("parameters")))
                {
                    using var found = parameters[name];
                    Assert.True((found - expected).abs().max().ReadNumber() < 1e-5, $"{run.GetProperty("name")}, step {step}, {name}");
                }
            }
            tested++;
        }
        Assert.Equal(2, tested);
    }

    private static Dictionary<string, Tensor> Values(JsonElement named) =>
        Names.ToDictionary(name => name, name => Value(named.GetProperty(name)));

    private static Tensor Value(JsonElement item) => item.ValueKind == JsonValueKind.Number ? tensor((float)item.GetDouble())
        : item[0].ValueKind == JsonValueKind.Number ? tensor(item.Doubles()).to(ScalarType.Float32)
        : item.Tensor(ScalarType.Float32);
}
