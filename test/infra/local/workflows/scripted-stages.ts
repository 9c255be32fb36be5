import type { Json } from '../../../../functions/workflows/states.ts'
import type { JobKind } from '../../../../shared/jobs/workflow-engine.ts'
import { LocalWorkflowEngine } from '../../../../infra/local/workflows/local-workflow-engine.ts'

type Call = { stage: string; input: Record<string, Json> }
type Script = Partial<Record<string, (input: Record<string, Json>, nth: number) => Json>>

/** An engine with scripted stages. By default, a stage returns the job id and an empty plan. */
const scripted = (script: Script): { engine: LocalWorkflowEngine; calls: Call[] } => {
  const calls: Call[] = []
  const engine = new LocalWorkflowEngine({
    retryMs: 0,
    load: (_kind, stage) =>
      Promise.resolve((input: Json) => {
        const fields = input as Record<string, Json>
        const nth = calls.filter((call) => call.stage === stage).length
        calls.push({ stage, input: fields })
        const answer = script[stage]?.(fields, nth)
        return Promise.resolve(
          answer ?? {
            job_id: fields['job_id'] ?? null,
            items: [],
            count: 0,
            round: 0,
            more: false,
            write: true,
            waiting: false,
          },
        )
      }),
  })
  return { engine, calls }
}

export const planned = (count: number): Json => ({
  job_id: 'j',
  items: Array.from({ length: count }, (_, n) => n),
  count,
  round: 0,
  more: false,
  write: true,
  waiting: false,
})

export const errorNamed = (name: string, message: string): Error => Object.assign(new Error(message), { name })

export const runScripted = async (kind: JobKind, script: Script): Promise<Call[]> => {
  const { engine, calls } = scripted(script)
  await engine.start(kind, 'j')
  await engine.ended('j')
  return calls
}

export const stagesOf = (calls: readonly Call[]): string[] => calls.map(({ stage }) => stage)
