#!/usr/bin/env bash
# One rank in each of two network namespaces that a veth pair joins, over TCP, against one process: the same losses and parameters.
# Needs root, iproute2, openmpi-bin and python3, and a build (dotnet build -c Release). Prints the largest differences; ends with 1
# where one is above 1e-5.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
program=artifacts/bin/Kalm.Cli/release/Kalm.Cli.dll
[ -f "$program" ] || { echo "error: $program: no such file; expected a build: dotnet build -c Release" >&2; exit 1; }
work=$(mktemp -d)
spaces=(kalm-$$-0 kalm-$$-1)
leave() {
  for space in "${spaces[@]}"; do ip netns del "$space" 2> /dev/null || true; done
  rm -rf "$work"
}
trap leave EXIT
for space in "${spaces[@]}"; do
  ip netns add "$space"
  ip -n "$space" link set lo up
done
ip -n "${spaces[0]}" link add kalm type veth peer name kalm netns "${spaces[1]}"
for index in 0 1; do
  ip -n "${spaces[$index]}" addr add "10.77.0.$((index + 1))/24" dev kalm
  ip -n "${spaces[$index]}" link set kalm up
done

# In the place of ssh: what the first machine starts on the second. Both have names of their own.
cat > "$work/agent" << END
#!/bin/sh
shift
exec ip netns exec ${spaces[1]} unshare --uts sh -c "hostname kalm-1 && \$*"
END
chmod +x "$work/agent"
cat > "$work/recipe.json" << 'END'
{
  "method": "full", "threads": 1, "budget": {"steps": 50, "validations": 2}, "batches": {"triples": 12},
  "optimizer": {"kind": "adamw", "warmup_steps": 5, "learning_rate": 0.0001}, "implicit": {"share": 0.25}
}
END
export TERM=dumb
dotnet "$program" pretrain --graph samples/world --steps 20 --threads 1 --out "$work/base" --quiet > /dev/null
align=(dotnet "$PWD/$program" align --model "$work/base" --graph "$PWD/samples/world" --recipe "$work/recipe.json" --quiet --out)
"${align[@]}" "$work/one" > /dev/null
ip netns exec "${spaces[0]}" unshare --uts sh -c 'hostname kalm-0 && exec "$@"' sh \
  mpirun --allow-run-as-root --bind-to none --host 10.77.0.1:1,10.77.0.2:1 --map-by node -n 2 --mca plm_rsh_agent "$work/agent" \
  --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 -x PATH -x TERM \
  "${align[@]}" "$work/two" > /dev/null
echo "bytes over the pair, sent from the first machine: $(ip netns exec "${spaces[0]}" cat /sys/class/net/kalm/statistics/tx_bytes)"

python3 - "$work/one" "$work/two" << 'END'
import array, glob, json, struct, sys
def losses(run):
    return [json.loads(line)["loss"] for line in open(run + "/metrics.jsonl")]
def values(run):
    data = open(sorted(glob.glob(run + "/checkpoints/*/training.safetensors"))[-1], "rb").read()
    start = 8 + struct.unpack("<Q", data[:8])[0]
    begin, end = json.loads(data[8:start])["values"]["data_offsets"]
    return array.array("f", data[start + begin:start + end])
worst = [max(abs(one - two) for one, two in zip(read(sys.argv[1]), read(sys.argv[2]))) for read in (losses, values)]
print("largest difference after %d steps: loss %.2g, parameters %.2g" % (len(losses(sys.argv[2])), *worst))
sys.exit(max(worst) > 1e-5)
END
