import { programOptions } from '../../../infra/local/program/program-options.ts'
import { startProgram } from '../../../infra/local/program/start-program.ts'
import { loadFromSource, type LoadStage } from '../../../infra/local/workflows/local-workflow-engine.ts'
import { readConfig } from '../../../shared/runtime/config.ts'
import { StageTimer } from './stage-timer.ts'
import { WorkerPool, type WorkerUsage } from './worker-pool.ts'

interface ProgramWithWorkers {
  readonly url: string
  /** Waits for the end of all calls, ends the workers and returns what they have used since the last call. */
  take(): Promise<WorkerUsage>
  stop(): Promise<void>
}

/** The variables of `env` that workers need, beside the names of tables and buckets. */
const INHERITED = [
  'PATH',
  'AWS_ENDPOINT_URL_DYNAMODB',
  'AWS_ENDPOINT_URL_S3',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
]

/**
 * Starts the local program with its worker stages in processes of their own. `bundles` is the folder of their bundles.
 * Calls `onStage` before each call of a stage.
 */
export const startWithWorkers = async (
  bundles: string,
  env: Readonly<Record<string, string | undefined>>,
  onStage: (stage: string) => void = () => undefined,
): Promise<ProgramWithWorkers> => {
  const { tables, buckets, region, models_file } = readConfig(env)
  const workers = new WorkerPool(bundles, {
    ...Object.fromEntries(INHERITED.map((name) => [name, env[name] ?? ''])),
    AWS_REGION: region,
    RESOURCE_TABLE: tables.resources,
    JOB_TABLE: tables.jobs,
    BLOB_BUCKET: buckets.blobs,
    ARCHIVE_BUCKET: buckets.archives,
    RESTORE_BUCKET: buckets.restores,
    WORK_BUCKET: buckets.work,
    MODELS_FILE: models_file,
  })
  // The times mean nothing, but the timer knows when all calls have ended.
  const timer = new StageTimer()
  const load = workers.handlerOf(loadFromSource)
  const loadStage: LoadStage = async (kind, stage) => {
    const timed = timer.time(stage, await load(kind, stage))
    return (input, context) => {
      onStage(stage)
      return timed(input, context)
    }
  }
  const program = await startProgram({ ...programOptions(env), loadStage })
  return {
    url: program.url,
    take: async () => {
      await timer.take()
      return workers.take()
    },
    stop: async () => {
      await workers.take()
      await program.stop()
    },
  }
}
