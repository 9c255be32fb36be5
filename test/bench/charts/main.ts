import '../../../functions/cli/check-node.ts'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { runCommand } from '../../../functions/cli/run-command.ts'
import { BenchResult } from '../results/result.ts'
import { chartsOf } from './charts.ts'
import { resultsDocument } from './document.ts'

/**
 * `npm run bench:charts -- [RESULTS.json [FOLDER]]`. Draws the charts of a run, and writes its figures as a document.
 */
await runCommand('bench:charts', async () => {
  const { positionals } = parseArgs({ allowPositionals: true, options: {} })
  const [results = '.local/bench/results.json', folder = '.local/bench'] = positionals
  const result = BenchResult.parse(JSON.parse(await readFile(results, 'utf8')))
  await mkdir(folder, { recursive: true })
  const style = { ...(await resolveConfig('README.md')), parser: 'markdown' }
  const document = await format(resultsDocument(result), style)
  for (const [name, text] of Object.entries({ ...chartsOf(result), 'RESULTS.md': document })) {
    await writeFile(join(folder, name), text)
    console.log(join(folder, name))
  }
})
