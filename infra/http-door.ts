import { RemovalPolicy } from 'aws-cdk-lib'
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { DEFAULT_ROUTE, ROUTES } from '../functions/routes.ts'

export interface HttpDoorProps {
  readonly name: string
  /** By the route's name. */
  readonly functions: Readonly<Record<string, IFunction>>
  readonly resourceRoutes: boolean
  readonly throttle: { readonly rate: number; readonly burst: number }
  readonly logDays: RetentionDays
}

/** What an access log tells: who asked for what and what came of it; no query, which may hold filters. */
const ACCESS_LOG = JSON.stringify({
  request_id: '$context.requestId',
  caller: '$context.identity.userArn',
  ip: '$context.identity.sourceIp',
  time: '$context.requestTime',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  bytes: '$context.responseLength',
  ms: '$context.responseLatency',
  error: '$context.error.message',
})

/** The HTTP API: every route of the one table, each authorised by IAM. Unknown paths are answered by a function too. */
export class HttpDoor extends Construct {
  readonly api: HttpApi

  constructor(scope: Construct, id: string, props: HttpDoorProps) {
    super(scope, id)
    const integrations = Object.fromEntries(
      Object.entries(props.functions).map(([name, own]) => [
        name,
        new HttpLambdaIntegration(`${name}Integration`, own),
      ]),
    )
    const integrationOf = (name: string): HttpLambdaIntegration => {
      const integration = integrations[name]
      if (integration === undefined) throw new Error(`no function answers the route ${name}`)
      return integration
    }
    this.api = new HttpApi(this, 'Api', {
      apiName: props.name,
      description: 'SpecStar Backup',
      createDefaultStage: false,
      defaultIntegration: integrationOf(DEFAULT_ROUTE.name),
      defaultAuthorizer: new HttpIamAuthorizer(),
    })
    for (const { method, path, name } of ROUTES) {
      if (!props.resourceRoutes && path.startsWith('/{model}/')) continue
      this.api.addRoutes({ path, methods: [HttpMethod[method]], integration: integrationOf(name) })
    }
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.rate, burstLimit: props.throttle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', { retention: props.logDays, removalPolicy: RemovalPolicy.DESTROY }),
        ),
        format: AccessLogFormat.custom(ACCESS_LOG),
      },
    })
  }
}
