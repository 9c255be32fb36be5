import '../../functions/cli/check-node.ts'
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import { runCommand } from '../../functions/cli/run-command.ts'
import { brokenCeilings } from './ceilings.ts'
import { scaleDocument } from './document.ts'
import type { Scenario } from './scenario.ts'
import { LARGE_BLOB_SCENARIOS, SCENARIOS } from './scenarios.ts'
import { type Figures, simulate } from './simulate.ts'

const DOCUMENT = fileURLToPath(new URL('../../infra/SCALE.md', import.meta.url))

const simulateAll = async (scenarios: readonly Scenario[]): Promise<Figures[]> => {
  const all: Figures[] = []
  for (const scenario of scenarios) {
    const start = performance.now()
    const figures = await simulate(scenario)
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${scenario.resources.toLocaleString('en')} resources, ${scenario.functions} functions: ${seconds} s`)
    for (const text of brokenCeilings(figures)) console.log(`  ${text}`)
    all.push(figures)
  }
  return all
}

/** `npm run simulate`. Writes `infra/SCALE.md`. */
await runCommand('simulate', async () => {
  parseArgs({ options: {} })
  const document = scaleDocument(await simulateAll(SCENARIOS), await simulateAll(LARGE_BLOB_SCENARIOS))
  const options = await resolveConfig(DOCUMENT)
  await writeFile(DOCUMENT, await format(document, { ...options, filepath: DOCUMENT }))
})
process.exit()
