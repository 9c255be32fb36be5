import '../../../functions/cli/check-node.ts'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runCommand } from '../../../functions/cli/run-command.ts'
import { BenchResult } from '../results/result.ts'
import { chartsOf } from './charts.ts'

/** `npm run bench:charts -- [RESULTS.json [FOLDER]]`. Draws the charts of a run. */
await runCommand('bench:charts', async () => {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} })
  const [results = '.local/bench/results.json', folder = '.local/bench'] = positionals
  const charts = chartsOf(BenchResult.parse(JSON.parse(await readFile(results, 'utf8'))))
  await mkdir(folder, { recursive: true })
  for (const [name, svg] of Object.entries(charts)) {
    await writeFile(join(folder, name), svg)
    console.log(join(folder, name))
  }
})
