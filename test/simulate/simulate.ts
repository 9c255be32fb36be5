import { checkWorkflow } from '../../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../functions/workflows/restore.workflow.ts'
import type { Definition, WorkflowOptions } from '../../functions/workflows/states.ts'
import type { StageName } from '../../shared/jobs/stage-names.ts'
import { PRICE } from './assumptions.ts'
import { parseMachine } from './definition.ts'
import { type ExportedArchive, ExportStages } from './export-stages.ts'
import { type ExecutionCounts, Interpreter, StateError } from './interpreter.ts'
import { Lambda, type StageFunctions } from './lambda.ts'
import { RestoreStages } from './restore-stages.ts'
import { JOB, MODEL, type Scenario, World } from './scenario.ts'
import { mulberry32 } from './random.ts'

/** What one job did and used. */
export interface JobFigures extends ExecutionCounts {
  /** The error that ended the job. Absent if the job succeeded within the time limit of its workflow. */
  readonly error?: string
  readonly seconds: number
  /** The runs of functions in maps and outside of maps, including repeated runs. */
  readonly runs: number
  readonly throttledStarts: number
  readonly peakFunctions: number
  readonly longestFunction: { readonly stage: string; readonly seconds: number }
  readonly readUnits: number
  readonly writeUnits: number
  /** The greatest demand on one partition, as a multiple of what the partition accepts. */
  readonly hottestPartition: number
  readonly dollars: number
  /** The seconds that each stage took, from its first start to its last end. */
  readonly stages: ReadonlyMap<StageName, number>
}

export interface Figures {
  readonly scenario: Scenario
  /** The number of segments that the passes of the export have written. */
  readonly segments: number
  readonly export: JobFigures
  /** Absent if the export failed. */
  readonly archive?: ExportedArchive
  /** Absent if the export failed, or if no restore was simulated. */
  readonly restore?: JobFigures
  /** Absent if the export failed, or if no check was simulated. */
  readonly check?: JobFigures
}

/**
 * Simulates an export and, by default, a restore of its archive into an empty table. With `checks`, also simulates a
 * check of the archive.
 */
export const simulate = async (scenario: Scenario, { restores = true, checks = false } = {}): Promise<Figures> => {
  const { maxConcurrency } = scenario
  const options = maxConcurrency === undefined ? {} : { maxConcurrency }
  const source = new World(scenario, { isNewTable: false })
  const request = { models: [MODEL], filters: {}, strict: true, format: 'acbak' } as const
  source.jobs.add({ ...job(source), kind: 'export', request })
  const exporting = new ExportStages(source)
  const exported = await runJob(
    source,
    exportWorkflow((stage) => stage, options),
    exporting.functions,
  )
  const { archive } = exporting
  const segments = source.jobs.count('export-records') + source.jobs.count('export-blobs')
  if (archive === undefined) return { scenario, segments, export: exported }
  return {
    scenario,
    segments,
    archive,
    export: exported,
    ...(restores ? { restore: await simulateRestore(scenario, archive, options) } : {}),
    ...(checks ? { check: await simulateCheck(scenario, archive, options) } : {}),
  }
}

const simulateRestore = (
  scenario: Scenario,
  archive: ExportedArchive,
  options: WorkflowOptions,
): Promise<JobFigures> => {
  const target = new World(scenario, { isNewTable: true })
  target.jobs.add({
    ...job(target),
    kind: 'restore',
    request: { filters: {}, on_duplicate: 'raise_error', dry_run: false, archive: locationOf(archive) },
  })
  const { functions } = new RestoreStages(target, archive)
  return runJob(
    target,
    restoreWorkflow((stage) => stage, options),
    functions,
  )
}

const simulateCheck = (scenario: Scenario, archive: ExportedArchive, options: WorkflowOptions): Promise<JobFigures> => {
  const world = new World(scenario, { isNewTable: true })
  world.jobs.add({ ...job(world), kind: 'check', request: { filters: {}, archive: locationOf(archive) } })
  const { functions } = new RestoreStages(world, archive)
  return runJob(
    world,
    checkWorkflow((stage) => stage, options),
    functions,
  )
}

const locationOf = ({ object: { bucket, key, etag } }: ExportedArchive) => ({ bucket, key, etag })

const job = ({ now }: World) =>
  ({
    job_id: JOB,
    status: 'running',
    source: 'api',
    requested_by: 'simulation',
    created_at: now().toISOString(),
  }) as const

const runJob = async (world: World, definition: Definition, functions: StageFunctions): Promise<JobFigures> => {
  const { clock, table, objects, jobs, work, blobs, scenario } = world
  const lambda = new Lambda(clock, scenario.functions, functions)
  const interpreter = new Interpreter({ clock, invoke: lambda.invoke, random: mulberry32(1) })
  let error: string | undefined
  try {
    const execution = interpreter.run(parseMachine(definition), { job_id: JOB })
    const ended = await clock.run(execution, definition.TimeoutSeconds)
    if (ended === 'late')
      error = `States.Timeout: the workflow has a time limit of ${definition.TimeoutSeconds / 3600} hours`
  } catch (caught) {
    if (!(caught instanceof StateError)) throw caught
    error = `${caught.name}: ${caught.message}`
  }
  const seconds = clock.now
  const [stage = '', longest = 0] = [...lambda.longest].sort((a, b) => b[1] - a[1])[0] ?? []
  const runs = [...lambda.runs.values()].reduce((sum, { count }) => sum + count, 0)
  const readUnits = table.reads.units + jobs.readUnits
  const writeUnits = table.writes.units + jobs.writeUnits
  const { counts } = interpreter
  return {
    ...counts,
    ...(error === undefined ? {} : { error }),
    seconds,
    runs,
    throttledStarts: lambda.throttled,
    peakFunctions: lambda.peak,
    longestFunction: { stage, seconds: longest },
    readUnits,
    writeUnits,
    hottestPartition: Math.max(...table.partitions.map(({ peakDemand, perSecond }) => peakDemand / perSecond)),
    dollars:
      readUnits * PRICE.readUnit +
      writeUnits * PRICE.writeUnit +
      lambda.gibSeconds * PRICE.gibSecond +
      counts.transitions * PRICE.transition +
      (objects.gets + work.reads.units + blobs.reads.units) * PRICE.s3Read +
      (objects.puts + work.writes.units + blobs.writes.units) * PRICE.s3Write,
    stages: new Map([...lambda.runs].map(([name, { start, end }]) => [name, end - start])),
  }
}
