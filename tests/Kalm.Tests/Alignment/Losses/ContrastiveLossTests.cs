using Kalm.Engine;
using System.Text.Json;
using Kalm.Alignment.Losses;
using static TorchSharp.torch;

namespace Kalm.Tests.Alignment.Losses;

public class ContrastiveLossTests : TorchTest
{
    public static IEnumerable<TheoryDataRow<string>> Cases() =>
        Fixture.Load("contrastive_loss.json").GetProperty("cases").EnumerateArray()
            .Select(item => new TheoryDataRow<string>(item.GetProperty("name").GetString()!));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_independent_implementation_in_value_and_gradient(string name)
    {
        var given = Fixture.Load("contrastive_loss.json").GetProperty("cases")
            .EnumerateArray().Single(item => item.GetProperty("name").GetString() == name);
        Check(given, ScalarType.Float64, 1e-7);
        Check(given, ScalarType.Float32, 1e-5);
    }

    private static void Check(JsonElement given, ScalarType type, double tolerance)
    {
        var queries = given.GetProperty("query").Tensor(type).requires_grad_();
        var tails = given.GetProperty("tail").Tensor(type).requires_grad_();
        var temperature = tensor(given.GetProperty("log_inverse_temperature").GetDouble(), type).requires_grad_();
        var expected = given.GetProperty("expected");

        var (loss, _) = LossOf(given).Compute(queries, tails, temperature);
        loss.backward();

        Fixture.AssertClose([expected.GetProperty("loss").GetDouble()], loss, tolerance);
        // Where the temperature is low, logits reach 100 and a float gradient carries their rounding times 100.
        var gradientTolerance = type == ScalarType.Float32
            ? tolerance * Math.Max(1, Math.Exp(given.GetProperty("log_inverse_temperature").GetDouble()) / 20) : tolerance;
        Fixture.AssertClose(expected.GetProperty("query_gradient").Matrix(), queries.grad!, gradientTolerance);
        Fixture.AssertClose(expected.GetProperty("tail_gradient").Matrix(), tails.grad!, gradientTolerance);
        Fixture.AssertClose([expected.GetProperty("log_inverse_temperature_gradient").GetDouble()], temperature.grad!, gradientTolerance);
    }

    private static ContrastiveLoss LossOf(JsonElement given)
    {
        var known = given.GetProperty("known").EnumerateArray().Select(row =>
            row.EnumerateArray().Select((item, column) => (Known: item.GetBoolean(), column))
                .Where(item => item.Known).Select(item => item.column).ToArray()).ToArray();
        return new ContrastiveLoss(
            given.GetProperty("target").Integers(), known,
            given.GetProperty("own_head").Integers(), given.GetProperty("tail").GetArrayLength(),
            given.GetProperty("gamma").GetDouble(), given.GetProperty("own_head_weight").GetDouble());
    }

    [Fact]
    public void An_unmasked_known_answer_changes_the_loss()
    {
        var queries = tensor(new float[] { 1, 0, 0, 1, 0.6f, 0.8f }, [3, 2]);
        var tails = tensor(new float[] { 0.8f, 0.6f, 0.96f, 0.28f, 0, 1 }, [3, 2]);
        var temperature = tensor(3.0f);
        int[] targets = [0, 1, 2];
        int[] noOwnHeads = [-1, -1, -1];

        var (masked, _) = new ContrastiveLoss(targets, [[1], [], []], noOwnHeads, 3, 0.02, 0).Compute(queries, tails, temperature);
        var (plain, _) = new ContrastiveLoss(targets, [[], [], []], noOwnHeads, 3, 0.02, 0).Compute(queries, tails, temperature);

        Assert.True(masked.ReadNumber() < plain.ReadNumber() - 1e-4);
    }

    [Fact]
    public void The_rows_alone_are_the_cross_entropy_of_each_answer_among_all_columns()
    {
        var queries = tensor(new float[] { 1, 0, 0.6f, 0.8f }, [2, 2]);
        var columns = tensor(new float[] { 0.8f, 0.6f, 0.96f, 0.28f, 0, 1 }, [3, 2]);
        var expected = nn.functional.cross_entropy(queries.matmul(columns.t()).mul(tensor((float)Math.Exp(2))), tensor(new long[] { 1, 2 }));

        var rows = new ContrastiveLoss([1, 2], [[], []], [-1, -1], 3, 0, 0).ComputeRows(queries, columns, tensor(2.0f), null);

        Assert.Equal(expected.ReadNumber(), rows.ReadNumber(), 1e-5);
    }

    [Fact]
    public void A_single_triple_has_a_finite_loss_and_gradient()
    {
        var queries = nn.functional.normalize(randn(1, 8), dim: 1).requires_grad_();
        var tails = nn.functional.normalize(randn(1, 8), dim: 1);

        var (loss, correct) = new ContrastiveLoss([0], [[]], [-1], 1, 0.02, 1).Compute(queries, tails, tensor(3.0f));
        loss.backward();

        Assert.Equal(0, loss.ReadNumber(), 1e-6);
        Assert.Equal(1, correct.ReadNumber());
        Assert.True(queries.grad!.isfinite().all().ReadNumber() == 1);
    }

    [Fact]
    public void Multi_positive_rows_weighted_by_their_positives_equal_the_masked_loss()
    {
        // Row 0 and 1 are one query with two answers, each left out of the other's row; row 2 shares its tail with row 1.
        var queries = nn.functional.normalize(randn(2, 8), dim: 1).index_select(0, tensor(new long[] { 0, 0, 1 }));
        var tails = nn.functional.normalize(randn(2, 8), dim: 1);
        var loss = new ContrastiveLoss([0, 1, 1], [[1], [0], []], [-1, -1, -1], 2, 0.02, 0);
        var masked = Term(1f / 3, 1f / 3, 1f / 3);
        // Two distinct queries; the first has two positives.
        var multiPositive = Term(0.25f, 0.25f, 0.5f);
        var byPositives = (2 * Term(0.5f, 0.5f, 0) + 1 * Term(0, 0, 1)) / 3;

        Assert.Equal(masked, byPositives, 1e-5);
        Assert.Equal(multiPositive, (Term(0.5f, 0.5f, 0) + Term(0, 0, 1)) / 2, 1e-5);
        Assert.Equal(loss.Compute(queries, tails, tensor(2.0f)).Loss.ReadNumber(), masked, 1e-5);

        double Term(params float[] shares) =>
            loss.Compute(queries, tails, tensor(2.0f), (shares, shares)).Loss.ReadNumber();
    }

    [Fact]
    public void A_column_bias_corrects_the_rows_and_leaves_the_columns_and_own_heads_alone()
    {
        float[] bias = [2, -1, 0.5f];
        double[][] cosines = [[0.9, 0.1, -0.3], [0.2, 0.7, 0.4], [-0.5, 0.3, 0.6]];
        // Queries times the identity are the cosines themselves.
        var queries = tensor(cosines.SelectMany(row => row).Select(number => (float)number).ToArray(), [3, 3]).requires_grad_();
        int[] ownHeads = [2, -1, -1];

        var (loss, _) = new ContrastiveLoss([0, 1, 2], [[], [], []], ownHeads, 3, 0, 0.25, bias).Compute(queries, eye(3), zeros([]));

        double Cell(int row, int column) => cosines[row][column] + (ownHeads[row] == column ? Math.Log(0.25) : bias[column]);
        var rows = Enumerable.Range(0, 3)
            .Average(row => Math.Log(Enumerable.Range(0, 3).Sum(column => Math.Exp(Cell(row, column)))) - Cell(row, row));
        var columns = Enumerable.Range(0, 3)
            .Average(column => Math.Log(Enumerable.Range(0, 3).Sum(row => Math.Exp(Cell(row, column)))) - Cell(column, column));
        Assert.Equal((rows + columns) / 2, loss.ReadNumber(), 1e-5);
    }
}
