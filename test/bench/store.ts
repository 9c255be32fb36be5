import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { DATA_SETS, type Mode } from './content/data-sets.ts'
import { commit, machine, versions } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { measureLatency } from './ours/latency.ts'
import { writeWorkerBundles } from './ours/worker-bundles.ts'
import { checkPeers } from './peers/peers.ts'
import { commonText, dataSetText } from './report.ts'
import { expectedRatios, fallenInEachRun, Reference, updatedReference } from './results/check.ts'
import { BenchResult, type DataSetResult } from './results/result.ts'
import { runDataSet } from './run-data-set.ts'
import { type BenchServices, startServices, stopOnInterrupt } from './services.ts'

const OUTPUT = '.local/bench/results.json'
const REFERENCE = fileURLToPath(new URL('reference.json', import.meta.url))

/** In a quick run, peers run once, because the start of Python alone takes a second. */
const peerRoundsOf = (mode: Mode, rounds: number): number => (mode === 'quick' ? 1 : Math.min(rounds, 3))

/**
 * Measures the selected data sets, prints tables and writes the JSON file. With `check`, sets the exit code to 1 if a
 * ratio has fallen.
 */
export const benchStore = async (options: BenchOptions): Promise<void> => {
  const { output = OUTPUT } = options
  // A missing reference is reported before the measurement, which takes long.
  const expected = options.check ? expectedRatios(options.mode, await readReference()) : undefined
  const services = await startServices(process.env)
  stopOnInterrupt(services)
  try {
    const result = BenchResult.parse(await measure(services, options))
    await mkdir(dirname(output), { recursive: true })
    await writeFile(output, `${JSON.stringify(result, null, 2)}\n`)
    console.log(`\nThe results are in ${output}`)
    if (options.writeReference) await writeReference(result)
    if (expected !== undefined) {
      const measureAgain = async (dataSets: readonly string[]): Promise<BenchResult['data_sets']> => {
        console.log(`\nMeasuring again, because ratios have fallen: ${dataSets.join(', ')}`)
        return (await measure(services, { ...options, dataSets })).data_sets
      }
      report(await fallenInEachRun(result, expected, measureAgain))
    }
  } finally {
    await services.stop()
  }
}

const measure = async (services: BenchServices, options: BenchOptions): Promise<BenchResult> => {
  const { mode, rounds, dataSets, withPeers } = options
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`)
  }
  const bundles = join(services.folder, 'bundles')
  writeWorkerBundles(bundles)
  const peers = withPeers ? await checkPeers(services) : {}
  const latency = await measureLatency(services, rounds)
  const results: Record<string, DataSetResult> = {}
  for (const set of DATA_SETS) {
    const size = mode === 'quick' ? set.quick : set.full
    if (size === undefined || !dataSets.includes(set.name)) continue
    const own = Math.min(rounds, set.maxRounds ?? rounds)
    const settings = { mode, rounds: own, peerRounds: peerRoundsOf(mode, own), peers, bundles, log }
    const result = await runDataSet(services, set, size, settings)
    results[set.name] = result
    console.log(dataSetText(set.name, result))
  }
  console.log(commonText({ latency, peers }))
  const revision = await commit()
  return {
    measured_at: new Date().toISOString(),
    mode,
    rounds,
    ...(revision === undefined ? {} : { commit: revision }),
    machine: machine(),
    versions: await versions(),
    services: {
      dynamodb: services.pids['dynamodb'] === undefined ? services.endpoints.dynamo : 'dynalite',
      s3: services.pids['s3'] === undefined ? services.endpoints.s3 : 'infra/local/s3',
    },
    data_sets: results,
    peers,
    latency,
  }
}

/** Returns an empty reference if no file exists. */
const readReference = async (): Promise<Reference> =>
  existsSync(REFERENCE) ? Reference.parse(JSON.parse(await readFile(REFERENCE, 'utf8'))) : {}

const writeReference = async (result: BenchResult): Promise<void> => {
  const updated = updatedReference(result, await readReference())
  await writeFile(REFERENCE, `${JSON.stringify(updated, null, 2)}\n`)
}

const report = (fallen: readonly string[]): void => {
  for (const line of fallen) console.error(line)
  console.log(fallen.length === 0 ? 'No ratio has fallen by more than a fifth' : `${fallen.length} ratios have fallen`)
  if (fallen.length > 0) process.exitCode = 1
}
