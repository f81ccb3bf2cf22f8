using System.Buffers.Binary;
using System.Text;

namespace Kalm.Tests.Language.Sources.Safetensors;

/// <summary>Puts safetensors files together by hand, sound or not, without the code under test.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Make(string header, params byte[] data) => Make(Encoding.UTF8.GetBytes(header), data);

    public static byte[] Make(byte[] header, params byte[] data) => MakeWithLength((ulong)header.Length, header, data);

    public static byte[] MakeWithLength(ulong length, byte[] header, params byte[] data)
    {
        var file = new byte[8 + header.Length + data.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        header.CopyTo(file, 8);
        data.CopyTo(file, 8 + header.Length);
        return file;
    }

    public static string Entry(string name, string type, string shape, string offsets) =>
        $$$"""{"{{{name}}}":{"dtype":"{{{type}}}","shape":{{{shape}}},"data_offsets":{{{offsets}}} }}""";
}
