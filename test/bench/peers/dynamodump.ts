import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchContext, Runner } from '../measure.ts'
import type { BenchServices } from '../services.ts'
import { type PythonProgram, runPython } from './python.ts'

/**
 * dynamodump starts 25 threads one second apart, although it uses one thread for one table. Without this pause, it is
 * 25 seconds faster, and the comparison is fair.
 */
export const DYNAMODUMP: PythonProgram = {
  package: 'dynamodump==1.11.1',
  main: 'dynamodump.dynamodump:main',
  constants: { 'dynamodump.dynamodump.THREAD_START_DELAY': 0 },
}

/** Returns the arguments with which dynamodump writes a table to a folder, or the folder to a table. */
export const dynamodumpArgs = (
  { endpoints, credentials }: Pick<BenchServices, 'endpoints' | 'credentials'>,
  mode: 'backup' | 'restore',
  table: string,
  folder: string,
): string[] => {
  const { hostname, port } = new URL(endpoints.dynamo)
  const { accessKeyId, secretAccessKey } = credentials
  return [
    ...['--mode', mode, '--srcTable', table, '--dumpPath', folder, '--region', 'us-east-1', '--log', 'ERROR'],
    ...['--host', hostname, '--port', port, '--accessKey', accessKeyId, '--secretKey', secretAccessKey],
    ...(mode === 'restore' ? ['--destTable', table, '--dataOnly', '--skipThroughputUpdate', '--noConfirm'] : []),
  ]
}

/** Measures a backup of the resource table into a folder. */
export const dynamodumpBackup = (context: BenchContext): Promise<Runner> => runnerOf(context, 'backup')

/** Measures a restore of an earlier backup into the empty table. */
export const dynamodumpRestore = async (context: BenchContext): Promise<Runner> => {
  // The folder must contain a backup. `prepare` of a measure runs while the store is full.
  const backup = await runnerOf(context, 'backup')
  await backup.run()
  return runnerOf(context, 'restore', backup.folder)
}

const runnerOf = async (
  { services }: BenchContext,
  mode: 'backup' | 'restore',
  given?: string,
): Promise<Runner & { readonly folder: string }> => {
  const folder = given ?? (await mkdtemp(join(services.folder, 'dynamodump-')))
  const args = dynamodumpArgs(services, mode, services.stores.config.tables.resources, folder)
  return {
    folder,
    pids: {},
    run: async () => {
      const { seconds, usage } = await runPython(DYNAMODUMP, args, {})
      return { seconds, processes: { dynamodump: usage } }
    },
    stop: () => Promise.resolve(),
  }
}
