import * as z from 'zod'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../../../infra/local/processes/node-flags.ts'
import type { BenchContext, Runner } from '../measure.ts'
import { BenchProcess } from '../processes/bench-process.ts'

/** Runs a floor of `floors.ts` in a process of its own, with the Node flags of the local program. */
export const floorRunner =
  (floor: string) =>
  async ({ size, sizes, blobKeys, services }: BenchContext): Promise<Runner> => {
    const process = await BenchProcess.start({
      entry: new URL('main.ts', import.meta.url),
      args: [JSON.stringify({ floor, size, partitions: [...sizes.partitions.keys()], blobKeys })],
      flags: NODE_FLAGS,
      env: { ...services.env, ...NODE_ENVIRONMENT },
    })
    await process.request('prepare', {}, z.null())
    return {
      pids: { floor: process.pid },
      run: async () => ({ seconds: await process.request('run', {}, z.number()) }),
      stop: () => process.stop(),
    }
  }
