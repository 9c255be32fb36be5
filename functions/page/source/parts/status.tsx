import type { VNode } from 'preact'

type Tone = 'good' | 'warn' | 'bad' | 'live' | 'idle'

/** The signs have different shapes, because some users cannot distinguish the colours. */
const SIGNS: Readonly<Record<Tone, string>> = { good: '✓', warn: '!', bad: '✕', live: '●', idle: '–' }

const TONES: Readonly<Record<string, Tone>> = {
  succeeded: 'good',
  partial: 'warn',
  failed: 'bad',
  cancelled: 'idle',
  expired: 'idle',
  running: 'live',
  queued: 'live',
  awaiting_upload: 'idle',
}

export const Badge = ({ tone, text, title }: { tone: Tone; text: string; title?: string }): VNode => (
  <span class={`badge ${tone}`} title={title}>
    <span class="sign" aria-hidden="true">
      {SIGNS[tone]}
    </span>
    {text}
  </span>
)

/** The status of a job. */
export const Status = ({ status }: { readonly status: string }): VNode => (
  <Badge tone={TONES[status] ?? 'idle'} text={status.replaceAll('_', ' ')} />
)
