import { readFile } from 'node:fs/promises'

/** Ticks per second of /proc: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100

/** CPU that a process has used, user and system, in ms. Linux only; `NaN` elsewhere. */
export async function cpuMsOf(pid: number): Promise<number> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond
  } catch {
    return Number.NaN
  }
}
