namespace Kalm.Completion.Facts;

/// <summary>Logistic regression with a ridge, by Newton's method; the loss is convex, so there is one answer.</summary>
internal static class LogisticFit
{
    private const int MostSteps = 50;
    private const double Settled = 1e-9;

    /// <summary>The weights of least loss: the sum over the rows of -log p(label), plus ridge / 2 times the squared distance from where
    /// the weights are drawn to.</summary>
    /// <param name="rows">Of equal length.</param>
    /// <param name="labels">Whether each is true.</param>
    /// <param name="toward">Where the ridge draws the weights.</param>
    /// <param name="ridge">How strongly, for each weight; above 0.</param>
    public static double[] Of(IReadOnlyList<double[]> rows, IReadOnlyList<bool> labels, double[] toward, double[] ridge)
    {
        var width = toward.Length;
        var weights = (double[])toward.Clone();
        for (var step = 0; step < MostSteps; step++)
        {
            var (gradient, hessian) = (new double[width], new double[width, width]);
            for (var index = 0; index < width; index++)
                (gradient[index], hessian[index, index]) = (ridge[index] * (weights[index] - toward[index]), ridge[index]);
            foreach (var (place, row) in rows.Index())
            {
                var p = Sigmoid(Product(weights, row));
                var (error, curve) = (p - (labels[place] ? 1 : 0), Math.Max(p * (1 - p), 1e-9));
                for (var left = 0; left < width; left++)
                {
                    gradient[left] += error * row[left];
                    for (var right = 0; right <= left; right++)
                        hessian[left, right] += curve * row[left] * row[right];
                }
            }
            var change = Solve(hessian, gradient);
            // Far from the minimum a whole step may overshoot.
            var most = change.Max(Math.Abs);
            var share = most > 4 ? 4 / most : 1;
            for (var index = 0; index < width; index++)
                weights[index] -= share * change[index];
            if (most < Settled)
                break;
        }
        return weights;
    }

    /// <summary>The logistic function.</summary>
    public static double Sigmoid(double logit) =>
        logit >= 0 ? 1 / (1 + Math.Exp(-logit)) : Math.Exp(logit) / (1 + Math.Exp(logit));

    /// <summary>The inner product.</summary>
    public static double Product(double[] left, double[] right)
    {
        var sum = 0.0;
        for (var index = 0; index < left.Length; index++)
            sum += left[index] * right[index];
        return sum;
    }

    // By Cholesky: the ridge makes the matrix, of which the lower half is given, positive definite.
    private static double[] Solve(double[,] matrix, double[] right)
    {
        var width = right.Length;
        var solution = (double[])right.Clone();
        for (var row = 0; row < width; row++)
            for (var column = 0; column <= row; column++)
            {
                var sum = matrix[row, column];
                for (var index = 0; index < column; index++)
                    sum -= matrix[row, index] * matrix[column, index];
                matrix[row, column] = row == column ? Math.Sqrt(sum) : sum / matrix[column, column];
            }
        for (var row = 0; row < width; row++)
        {
            for (var index = 0; index < row; index++)
                solution[row] -= matrix[row, index] * solution[index];
            solution[row] /= matrix[row, row];
        }
        for (var row = width - 1; row >= 0; row--)
        {
            for (var index = row + 1; index < width; index++)
                solution[row] -= matrix[index, row] * solution[index];
            solution[row] /= matrix[row, row];
        }
        return solution;
    }
}
