import * as z from 'zod'
import { Problem } from '../../../shared/problems/problem.ts'
import { errorMessage } from '../../../shared/values/error-message.ts'
import type { ApiRequest, SendRequest } from '../client/send-request.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'

interface Probe {
  readonly name: string
  readonly request: ApiRequest
  /** The response of this API, if the user has the permission. Any other response is one of another server. */
  readonly expected: { readonly status: number; readonly body: z.ZodType }
  /** The parameter in the path for which the probe uses `NOBODY`. A role may allow other values. */
  readonly parameter?: PathParameter
}

/** A parameter in the path of a route, and what its values name. */
interface PathParameter {
  readonly name: string
  readonly noun: string
}
const MODEL: PathParameter = { name: '{model}', noun: 'models' }
const JOB: PathParameter = { name: '{job_id}', noun: 'jobs' }
const SCHEDULE: PathParameter = { name: '{name}', noun: 'schedules' }

const list = (member: string) => ({ status: 200, body: z.looseObject({ [member]: z.array(z.unknown()) }) })

/** The response to the parameter `wait=invalid`. Other parameters can be invalid, too. */
const rejected = {
  status: 400,
  body: Problem.refine(
    ({ type, errors = [] }) => type === 'invalid-request' && errors.some(({ field }) => field === 'wait'),
  ),
}
const absent = (expected: string) => ({ status: 404, body: Problem.refine(({ type }) => type === expected) })
const invalid = { wait: 'invalid' }
/** No model and no schedule can have this name, and no job has this id. */
const NOBODY = '_doctor'

/** The part of the response of `/_backup/health` that this command reads. */
const Health = z.looseObject({
  status: z.enum(['ok', 'degraded']),
  checks: z.record(z.string(), z.looseObject({ status: z.enum(['ok', 'degraded']) })),
})
const HEALTH: ApiRequest = { method: 'GET', path: '/_backup/health' }

/** The first request of `doctor`. */
export const FIRST_REQUEST: ApiRequest = { method: 'GET', path: '/_backup/jobs', query: { limit: '1' } }

/**
 * Requests that change nothing: those that start or change something are not valid, or name something that does not
 * exist, so they are rejected.
 */
const PROBES: readonly Probe[] = [
  { name: 'list jobs', request: FIRST_REQUEST, expected: list('jobs') },
  { name: 'export', request: { method: 'POST', path: '/_backup/export', query: invalid }, expected: rejected },
  { name: 'restore', request: { method: 'POST', path: '/_backup/import', query: invalid }, expected: rejected },
  {
    name: 'restore a model',
    request: { method: 'POST', path: `/${NOBODY}/import` },
    expected: absent('unknown-model'),
    parameter: MODEL,
  },
  { name: 'check archives', request: { method: 'POST', path: '/_backup/check', query: invalid }, expected: rejected },
  {
    name: 'read a job',
    request: { method: 'GET', path: `/_backup/jobs/${NOBODY}` },
    expected: absent('unknown-job'),
    parameter: JOB,
  },
  {
    name: 'list differences',
    request: { method: 'GET', path: `/_backup/jobs/${NOBODY}/differences` },
    expected: absent('unknown-job'),
    parameter: JOB,
  },
  {
    name: 'cancel jobs',
    request: { method: 'POST', path: `/_backup/jobs/${NOBODY}/cancel` },
    expected: absent('unknown-job'),
    parameter: JOB,
  },
  {
    name: 'list archives',
    request: { method: 'GET', path: '/_backup/archives', query: { limit: '1' } },
    expected: list('archives'),
  },
  {
    name: 'find archives',
    request: { method: 'GET', path: '/_backup/archives/latest', query: { schedule: NOBODY } },
    expected: absent('no-archive'),
  },
  { name: 'list schedules', request: { method: 'GET', path: '/_backup/schedules' }, expected: list('schedules') },
  ...(['run', 'pause', 'resume'] as const).map((action) => ({
    name: `${action} schedules`,
    request: { method: 'POST' as const, path: `/_backup/schedules/${NOBODY}/${action}` },
    expected: absent('unknown-schedule'),
    parameter: SCHEDULE,
  })),
  {
    name: 'explain deletions',
    request: { method: 'GET', path: '/_backup/prune', query: { limit: '1' } },
    expected: list('objects'),
  },
  { name: 'read the health', request: HEALTH, expected: { status: 200, body: Health } },
]

/**
 * Checks that the server is this API, which routes the user may call, and the health of the deployment. If the API has
 * answered some requests and API Gateway has forbidden others, the role of the user is limited, perhaps on purpose.
 */
export const routeFindings = async (send: SendRequest): Promise<Finding[]> => {
  const probed: Probed[] = []
  for (const each of PROBES) probed.push(...(await probe(send, each)))
  const isUsable = probed.some((finding) => finding.result === 'ok')
  const findings = probed.map((finding) => {
    if (finding.result !== 'forbidden') return finding
    return isUsable ? limited(finding) : forbidden(finding)
  })
  return findings.some(({ check }) => check === 'health')
    ? findings
    : [...findings, skipped('health', `needs ${HEALTH.path}`)]
}

/** API Gateway has rejected the request of a probe. */
interface Forbidden {
  readonly result: 'forbidden'
  readonly check: string
  readonly request: ApiRequest
  readonly parameter: PathParameter | undefined
  readonly text: string
}
type Probed = Finding | Forbidden

const forbidden = ({ check, request, text }: Forbidden): Finding =>
  failed(check, `${requestLine(request)} was rejected (${text.slice(0, 200)}); ${ALLOW}`)

const limited = ({ check, request, parameter }: Forbidden): Finding => {
  const line = requestLine(request)
  return warning(
    check,
    parameter === undefined
      ? `your role may not call ${line}; if you need it, ${ALLOW}`
      : `your role may call ${line.replace(NOBODY, parameter.name)} for some ${parameter.noun} at most; if you need more, ${ALLOW}`,
  )
}

const ALLOW = 'allow execute-api:Invoke for this route in the policy of your role'
const requestLine = ({ method, path }: ApiRequest): string => `${method} ${path}`

/** The answer of API Gateway to a request that IAM does not allow. */
const GatewayAnswer = z.looseObject({ message: z.string() })

const probe = async (send: SendRequest, { name, request, expected, parameter }: Probe): Promise<readonly Probed[]> => {
  const check = `may ${name}`
  const called = requestLine(request)
  try {
    const { status, text } = await responseTo(send, request)
    const body = parsed(text)
    if (status === expected.status && expected.body.safeParse(body).success)
      return [ok(check, called), ...(request === HEALTH ? healthFindings(body) : [])]
    if (status === 403 && GatewayAnswer.safeParse(body).success)
      return [{ result: 'forbidden', check, request, parameter, text }]
    const isProblem = Problem.safeParse(body).success
    const advice = isProblem
      ? 'update this command or the deployment, which may be of different releases'
      : 'the server is not this API; check --endpoint: it must be the stack output ApiUrl'
    return [failed(check, `${called} was answered with ${status}: ${text.slice(0, 200)}; ${advice}`)]
  } catch (error) {
    return [failed(check, errorMessage(error))]
  }
}

const responseTo = async (
  send: SendRequest,
  request: ApiRequest,
): Promise<{ readonly status: number; readonly text: string }> => {
  const response = await send(request)
  return { status: response.status, text: await response.text() }
}

const healthFindings = (body: unknown): readonly Finding[] => {
  const { status, checks } = Health.parse(body)
  if (status === 'ok') return [ok('health', `${HEALTH.path} has found nothing that needs attention`)]
  const degraded = Object.entries(checks).filter(([, check]) => check.status === 'degraded')
  const names = degraded.map(([name]) => name).join(', ')
  return [
    warning(
      'health',
      `needs attention: ${names}; the page (specstar-backup ui) and GET ${HEALTH.path} state the reasons`,
    ),
  ]
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
