import process from 'node:process'
import type { Context } from 'aws-lambda'
import { localContext } from '../../../infra/local/program/local-context.ts'
import { answerRequests } from '../processes/answer-requests.ts'

/**
 * Runs the bundle of one function, as an environment of Lambda does: one invocation after the other.
 * `worker-bundles.ts` compiles this file, because Node would need memory to strip its types.
 */
const [bundle = '', name = ''] = process.argv.slice(2)
const { handler } = (await import(bundle)) as {
  readonly handler: (event: unknown, context: Context) => Promise<unknown>
}

answerRequests({
  /** Returns the result, and the memory and CPU time of the process since its start. */
  invoke: async (input) => {
    const { event, requestId, timeoutMs } = input as {
      readonly event: unknown
      readonly requestId: string
      readonly timeoutMs: number
    }
    const result = await handler(event, localContext(name, requestId, timeoutMs))
    const { user, system } = process.cpuUsage()
    // `maxRSS` is in KiB.
    const usage = { cpu_seconds: (user + system) / 1e6, peak_bytes: process.resourceUsage().maxRSS * 1024 }
    return { result: result ?? null, usage }
  },
})
