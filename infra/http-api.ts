import { RemovalPolicy } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import { HttpApi as GatewayHttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { deliveredLogs } from './names.ts'
import { DEFAULT_ROUTE, isModelRoute, ROUTES } from '../functions/routes.ts'

interface HttpApiProps {
  readonly name: string
  /** Returns the function of a route. */
  readonly functionOf: (name: string) => IFunction
  readonly resourceRoutes: boolean
  readonly throttle: { readonly rate: number; readonly burst: number }
  readonly logDays: RetentionDays
}

/** The format of the access log. It omits the query string, because filters in it may contain data of resources. */
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

/** The HTTP API with all routes. IAM authorizes each request. Requests to unknown paths go to the default route. */
export class HttpApi extends Construct {
  readonly api: GatewayHttpApi

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id)
    const integrations = new Map<string, HttpLambdaIntegration>()
    const integrationOf = (name: string): HttpLambdaIntegration => {
      const integration =
        integrations.get(name) ?? new HttpLambdaIntegration(`${name}Integration`, props.functionOf(name))
      integrations.set(name, integration)
      return integration
    }
    this.api = new GatewayHttpApi(this, 'Api', {
      apiName: props.name,
      description: 'SpecStar Backup',
      createDefaultStage: false,
      defaultIntegration: integrationOf(DEFAULT_ROUTE.name),
      defaultAuthorizer: new HttpIamAuthorizer(),
    })
    for (const route of ROUTES) {
      if (isModelRoute(route) && !props.resourceRoutes) continue
      this.api.addRoutes({
        path: route.path,
        methods: route.methods.map((method) => HttpMethod[method]),
        integration: integrationOf(route.name),
      })
    }
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.rate, burstLimit: props.throttle.burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLogs', {
            logGroupName: deliveredLogs('apis', props.name),
            retention: props.logDays,
            removalPolicy: RemovalPolicy.DESTROY,
          }),
        ),
        format: AccessLogFormat.custom(ACCESS_LOG),
      },
    })
  }
}
