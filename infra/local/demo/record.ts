import '../../../functions/cli/check-node.ts'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { runCommand } from '../../../functions/cli/run-command.ts'
import { terminalSvg, type TimedLine } from './terminal-svg.ts'

const DEMO = fileURLToPath(new URL('../demo.ts', import.meta.url))
const OUTPUT = fileURLToPath(new URL('demo.svg', import.meta.url))
const COMMAND = 'npm run demo'

/** The shortest and the longest time between two lines of the recording. */
const MIN_GAP_SECONDS = 0.04
const MAX_GAP_SECONDS = 0.5
/** The additional pause before each step, in which a viewer can read the result of the previous step. */
const STEP_PAUSE_SECONDS = 2

/** Runs the demo and writes a recording of its output to `demo.svg`, as an animation. The README shows this file. */
await runCommand('demo:record', async () => {
  const lines = await recordDemo()
  await writeFile(OUTPUT, terminalSvg('Recording of npm run demo', paced(lines)))
  console.log(`Wrote the recording to ${OUTPUT}.`)
})

/** Runs the demo. Returns the lines of its output, and when they were printed in seconds after the start. */
async function recordDemo(): Promise<TimedLine[]> {
  const child = spawn(process.execPath, [DEMO], { stdio: ['ignore', 'pipe', 'pipe'] })
  const start = performance.now()
  const lines: TimedLine[] = []
  const ended = Promise.all([text(child.stderr), once(child, 'close')])
  for await (const line of createInterface({ input: child.stdout }))
    lines.push({ text: line, seconds: (performance.now() - start) / 1000 })
  const [errors] = await ended
  if (child.exitCode !== 0) throw new Error(`the demo failed: ${errors.trim()}`)
  return lines
}

/**
 * Returns the lines of the recording. The first line is the command, and the other lines are those of the demo with new
 * times.
 */
function paced(recorded: readonly TimedLine[]): TimedLine[] {
  let seconds = 1
  let previous = recorded[0]?.seconds ?? 0
  const lines = recorded.map((line) => {
    const gap = line.seconds - previous
    previous = line.seconds
    seconds += Math.min(Math.max(gap, MIN_GAP_SECONDS), MAX_GAP_SECONDS)
    if (/^(Step [2-9]|Summary)/.test(line.text)) seconds += STEP_PAUSE_SECONDS
    return { text: line.text, seconds }
  })
  return [{ text: `$ ${COMMAND}`, seconds: 0 }, { text: '', seconds: 0 }, ...lines]
}
