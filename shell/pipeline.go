package shell

import (
	"context"
	"sync"
)

// pipeline runs all stages at once, each as a subshell of its own. The status
// is the last stage's.
func (s *scope) pipeline(ctx context.Context, cmd *pipeline, io streams) error {
	held := int64(len(cmd.stages)-1) * pipeBytes
	defer s.budget.Release(held)
	if err := s.budget.Hold("what pipes hold", held); err != nil {
		return err
	}
	stages := make([]*stage, len(cmd.stages))
	in := io.in
	for i, st := range cmd.stages {
		stages[i] = &stage{scope: s.subshell(), statement: st, streams: streams{in, io.out, io.err}}
		if i > 0 {
			stages[i].closeIn = in.Close
		}
		if i < len(cmd.stages)-1 {
			in, stages[i].out, stages[i].closeOut = pipe(ctx, s.budget)
		}
	}
	for i, before := range stages[:len(stages)-1] {
		before.out.link.idle = stages[i+1].handOn
	}
	var all sync.WaitGroup
	for _, stage := range stages {
		all.Go(func() { stage.run(ctx) })
	}
	all.Wait()
	return s.afterPipeline(ctx, stages[len(stages)-1])
}

func (s *scope) afterPipeline(ctx context.Context, last *stage) error {
	s.status = last.scope.status
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	// The last stage writes where the whole pipeline does: if nobody reads
	// there, what follows the pipeline need not run either.
	return last.hungUp
}

// stage is one command of a pipeline.
type stage struct {
	scope     *scope
	statement *statement
	streams
	closeIn  func()
	closeOut func() error
	hungUp   error // ErrPipeClosed if nobody read its output any more
}

// run runs the stage. A failure ends the whole program, which is how the
// other stages come to know.
func (g *stage) run(ctx context.Context) {
	defer g.scope.close()
	err := g.guarded(ctx)
	if g.closeIn != nil {
		g.closeIn()
	}
	if g.closeOut != nil {
		if endErr := g.closeOut(); err == nil {
			err = endErr
		}
	}
	switch err {
	case nil:
	case ErrPipeClosed:
		g.scope.status = statusPipeClosed
		g.hungUp = err
	default:
		g.scope.stop(err)
	}
}

// handOn passes on what the stage has written, for when it waits for more to
// read: what comes slowly shall not stand still on its way. A failure stays
// with the Writer.
func (g *stage) handOn() { _ = g.out.Flush() }

func (g *stage) guarded(ctx context.Context) (err error) {
	defer catch(&err)
	return g.scope.contained(ctx, []*statement{g.statement}, g.streams)
}
