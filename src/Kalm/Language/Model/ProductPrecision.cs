namespace Kalm.Language.Model;

/// <summary>In which precision a training step multiplies matrices; everything else is F32 always.</summary>
public enum ProductPrecision
{
    /// <summary>Single precision.</summary>
    Fp32,

    /// <summary>Factors rounded to BF16, added up in single precision, on processors with units for that (AMX-BF16); single precision on
    /// others.</summary>
    Bf16,
}
