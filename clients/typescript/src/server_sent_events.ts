export interface ServerSentEvent {
  event: string;
  data: string;
  id: string;
}

/** Reads `text/event-stream`; comments and events without data are passed over. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event = { event: '', data: [] as string[], id: '' };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const line of lines.map((one) => one.replace(/\r$/, ''))) {
      if (line === '') {
        if (event.data.length > 0) yield { event: event.event, data: event.data.join('\n'), id: event.id };
        event = { event: '', data: [], id: '' };
        continue;
      }
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'data') event.data.push(text);
      else if (name === 'event') event.event = text;
      else if (name === 'id') event.id = text;
    }
  }
}
