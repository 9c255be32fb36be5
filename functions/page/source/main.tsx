import { render } from 'preact'
import * as z from 'zod/mini'
import { App } from './app.tsx'

// The content security policy forbids code that zod would create from strings.
z.config({ jitless: true })

const root = document.getElementById('page')
if (root !== null) render(<App />, root)
