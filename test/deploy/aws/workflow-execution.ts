import * as z from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Described = z.object({ status: z.string() })
const MapRuns = z.object({ mapRuns: z.array(z.object({ mapRunArn: z.string() })) })
const MapRun = z.object({
  status: z.string(),
  maxConcurrency: z.int(),
  executionCounts: z.object({ total: z.int(), succeeded: z.int() }),
})

/** One execution of a workflow, read and stopped through Step Functions. */
export class WorkflowExecution {
  readonly #requests: SignedRequests
  readonly #arn: string

  constructor(requests: SignedRequests, arn: string) {
    this.#requests = requests
    this.#arn = arn
  }

  async status(): Promise<string> {
    return Described.parse(await this.#call('DescribeExecution', { executionArn: this.#arn })).status
  }

  async stop(): Promise<void> {
    await this.#call('StopExecution', { executionArn: this.#arn })
  }

  /** Returns all runs of distributed maps. */
  async mapRuns(): Promise<z.output<typeof MapRun>[]> {
    const { mapRuns } = MapRuns.parse(await this.#call('ListMapRuns', { executionArn: this.#arn }))
    const described: z.output<typeof MapRun>[] = []
    for (const { mapRunArn } of mapRuns) described.push(MapRun.parse(await this.#call('DescribeMapRun', { mapRunArn })))
    return described
  }

  async #call(action: string, body: object): Promise<unknown> {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AWSStepFunctions.${action}` }
    return JSON.parse(await this.#requests.call('states', 'POST /', headers, JSON.stringify(body)))
  }
}
