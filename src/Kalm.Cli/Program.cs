using System.Text;
using Kalm.Cli;
using Kalm.Engine;

// Redirected output is UTF-8 whatever the locale says; the results hold names in any script.
Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
int code;
using (var interruption = new Interruption())
    code = RankedApplication.Run(args, Terminal.OfProcess(interruption.Token), Environment.GetEnvironmentVariable);
Console.Out.Flush();
Console.Error.Flush();
NativeEngine.Leave(code);
return code;
