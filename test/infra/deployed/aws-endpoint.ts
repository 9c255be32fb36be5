import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import type { LocalWorkflowEngine } from '../../../infra/local/workflows/local-workflow-engine.ts'
import type { JobKind } from '../../../shared/jobs/workflow-engine.ts'
import { must } from '../../../shared/values/must.ts'

/** A response that the AWS SDK accepts. */
interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const json = (body: object, status = 200): Answer => ({
  status,
  type: 'application/x-amz-json-1.0',
  body: JSON.stringify(body),
})

/**
 * The operations of Step Functions, EventBridge and STS that the functions call. It records events and runs workflows.
 */
export class AwsEndpoint {
  readonly events: { readonly DetailType: string; readonly Detail: unknown }[] = []
  /** The policies of the requested sessions. */
  readonly sessions: unknown[] = []
  readonly started: string[] = []
  readonly #server: Server
  engine: LocalWorkflowEngine | undefined
  url = ''

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request)
        .catch((error: unknown) => json({ __type: 'InternalServiceError', message: String(error) }, 500))
        .then(({ status, type, body }) => {
          response.writeHead(status, { 'content-type': type })
          response.end(body)
        })
        .catch(() => response.destroy())
    })
  }

  static async start(): Promise<AwsEndpoint> {
    const endpoint = new AwsEndpoint()
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve))
    const address = endpoint.#server.address()
    endpoint.url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
    return endpoint
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const body = await text(request)
    const target = String(request.headers['x-amz-target'] ?? '')
    switch (target) {
      case 'AWSStepFunctions.StartExecution':
        return this.#startExecution(JSON.parse(body) as StartExecution)
      case 'AWSStepFunctions.StopExecution':
        return this.#stopExecution(JSON.parse(body) as Execution)
      case 'AWSStepFunctions.DescribeExecution':
        return this.#describeExecution(JSON.parse(body) as Execution)
      case 'AWSEvents.PutEvents': {
        const { Entries } = JSON.parse(body) as { readonly Entries: { DetailType: string; Detail: string }[] }
        for (const { DetailType, Detail } of Entries) this.events.push({ DetailType, Detail: JSON.parse(Detail) })
        return json({ FailedEntryCount: 0, Entries: Entries.map((_, k) => ({ EventId: String(k) })) })
      }
      case '':
        return this.#session(new URLSearchParams(body))
      default:
        return json({ __type: 'UnknownOperationException' }, 400)
    }
  }

  async #startExecution({ stateMachineArn, name }: StartExecution): Promise<Answer> {
    if (this.started.includes(name)) return json({ __type: 'ExecutionAlreadyExists' }, 400)
    this.started.push(name)
    await this.engine?.start(kindOf(stateMachineArn), name)
    return json({ executionArn: `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`, startDate: 0 })
  }

  async #stopExecution({ executionArn }: Execution): Promise<Answer> {
    await this.engine?.stop(kindOf(executionArn), executionArn.split(':').at(-1) ?? '')
    return json({ stopDate: 0 })
  }

  async #describeExecution({ executionArn }: Execution): Promise<Answer> {
    const name = executionArn.split(':').at(-1) ?? ''
    if (!this.started.includes(name)) return json({ __type: 'ExecutionDoesNotExist' }, 400)
    const isRunning = await this.engine?.isRunning(kindOf(executionArn), name)
    return json({ executionArn, name, status: isRunning === true ? 'RUNNING' : 'SUCCEEDED' })
  }

  #session(form: URLSearchParams): Answer {
    this.sessions.push(JSON.parse(form.get('Policy') ?? '{}'))
    const expiration = new Date(Date.now() + Number(form.get('DurationSeconds')) * 1000).toISOString()
    const credentials = `<AccessKeyId>S3RVER</AccessKeyId><SecretAccessKey>S3RVER</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${expiration}</Expiration>`
    return {
      status: 200,
      type: 'text/xml',
      body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    }
  }
}

interface StartExecution {
  readonly stateMachineArn: string
  readonly name: string
}
interface Execution {
  readonly executionArn: string
}

const KINDS: readonly JobKind[] = ['export', 'restore', 'check']

const kindOf = (arn: string): JobKind => must(KINDS.find((kind) => arn.includes(`-${kind}`)))
