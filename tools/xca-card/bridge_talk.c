#include "bridge_talk.h"

#include <string.h>

static const talk_t *own_side(const bridge_desk_t *desk) {
    return desk->side->helper->talk;
}

/* Whether this job's questions are asked on the own side. The order stays as it is while its operation runs. */
static int asks_here(const bridge_desk_t *desk) {
    return desk->side->ask_here || desk->job.order.operation->is_here;
}

static void say(void *baton, text_id text, const char *arg) {
    bridge_desk_t *desk = baton;
    const talk_t *own = own_side(desk);

    if (asks_here(desk)) { /* tries left, what is waited for: it belongs to the questions */
        own->say(own->baton, text, arg);
    }
    pthread_mutex_lock(&desk->lock);
    bridge_job_event(desk, EVENT_SAY, text, arg);
    pthread_mutex_unlock(&desk->lock);
}

/* The page is told that something stands on the own side. */
static void say_here(bridge_desk_t *desk, text_id text) {
    pthread_mutex_lock(&desk->lock);
    bridge_job_event(desk, EVENT_HERE, text, NULL);
    pthread_mutex_unlock(&desk->lock);
}

/* Which card it is, and what is signed, stands on the own side too. */
static void show(void *baton, text_id name, const char *value) {
    bridge_desk_t *desk = baton;
    const talk_t *own = own_side(desk);

    if (name == T_CODE_LETTER) { /* nothing of it is for the page: its scripts come from the portal */
        own->show(own->baton, name, value);
        say_here(desk, T_BRIDGE_CODE_HERE);
        return;
    }
    if (name == T_FACT_NUMBER || name == T_SIGN_TEXT || name == T_LOGIN_CHALLENGE) {
        own->show(own->baton, name, value);
    }
    pthread_mutex_lock(&desk->lock);
    bridge_job_event(desk, EVENT_SHOW, name, value);
    pthread_mutex_unlock(&desk->lock);
}

static void outcome(void *baton, text_id name, const fault_t *fault) {
    bridge_desk_t *desk = baton;
    bridge_event_t *event;

    pthread_mutex_lock(&desk->lock);
    event = bridge_job_event(desk, EVENT_OUTCOME, name, NULL);
    if (event != NULL && fault != NULL) {
        event->wrong = fault->text;
        bytes_set(&event->wrong_arg, fault->arg, strlen(fault->arg));
    }
    pthread_mutex_unlock(&desk->lock);
}

static void show_secret(void *baton, text_id name, const secret_t *secret) {
    bridge_desk_t *desk = baton;
    const talk_t *own = own_side(desk);
    bridge_event_t *event;

    if (desk->side->ask_here) {
        own->show_secret(own->baton, name, secret);
    }
    pthread_mutex_lock(&desk->lock);
    event = bridge_job_event(desk, desk->side->ask_here ? EVENT_HERE : EVENT_SECRET,
                             desk->side->ask_here ? T_BRIDGE_SHOWN_HERE : name, NULL);
    if (event != NULL && !desk->side->ask_here) {
        event->secret = *secret;
    }
    pthread_mutex_unlock(&desk->lock);
}

static void progress(void *baton, text_id text, int at, int of) {
    bridge_desk_t *desk = baton;
    const talk_t *own = own_side(desk);
    bridge_event_t *event;

    own->progress(own->baton, text, at, of);
    pthread_mutex_lock(&desk->lock);
    event = bridge_job_event(desk, EVENT_PROGRESS, text, NULL);
    if (event != NULL) {
        event->at = at;
        event->of = of;
    }
    pthread_mutex_unlock(&desk->lock);
}

/* An event was made with the lock; the answer to it. */
static fault_t *ask(bridge_desk_t *desk, bridge_event_t *event, bridge_ask_kind kind, bridge_reply_t *reply) {
    if (event == NULL) {
        return fault_make(T_CANCELLED, NULL, "too many events");
    }
    event->ask = kind;
    return bridge_job_ask(desk, reply);
}

static fault_t *confirm(void *baton, text_id question, const char *arg, int *yes) {
    bridge_desk_t *desk = baton;
    const talk_t *own = own_side(desk);
    bridge_reply_t reply;
    fault_t *fault;

    if (asks_here(desk)) {
        say_here(desk, T_BRIDGE_HERE);
        return own->confirm(own->baton, question, arg, yes);
    }
    memset(&reply, 0, sizeof(reply));
    pthread_mutex_lock(&desk->lock);
    fault = ask(desk, bridge_job_event(desk, EVENT_ASK, question, arg), ASK_CONFIRM, &reply);
    pthread_mutex_unlock(&desk->lock);
    *yes = reply.yes;
    return fault;
}

static void say_what_for(const bridge_desk_t *desk, talk_secret kind) {
    static const text_id words[] = {T_BRIDGE_USES_PIN, T_BRIDGE_USES_PIN, T_BRIDGE_USES_CODE,
                                    T_BRIDGE_USES_PASSWORD};
    const talk_t *own = own_side(desk);

    own->say(own->baton, words[kind], NULL);
}

static fault_t *ask_secret(void *baton, talk_secret kind, text_id prompt, const char *arg, secret_t *secret) {
    bridge_desk_t *desk = baton;
    const talk_t *own = own_side(desk);
    bridge_event_t *event;
    bridge_reply_t reply;
    fault_t *fault;

    if (asks_here(desk)) {
        say_here(desk, T_BRIDGE_HERE);
        return own->ask_secret(own->baton, kind, prompt, arg, secret);
    }
    memset(&reply, 0, sizeof(reply));
    pthread_mutex_lock(&desk->lock);
    event = bridge_job_event(desk, EVENT_ASK, prompt, arg);
    if (event != NULL) {
        event->secret_kind = kind;
    }
    fault = ask(desk, event, ASK_SECRET, &reply);
    pthread_mutex_unlock(&desk->lock);
    if (fault == NULL) {
        say_what_for(desk, kind);
        *secret = reply.secret;
    }
    wipe(&reply, sizeof(reply));
    return fault;
}

static fault_t *choose(void *baton, text_id question, const char *const *names, int count, int *chosen) {
    bridge_desk_t *desk = baton;
    bridge_event_t *event;
    bridge_reply_t reply;
    fault_t *fault;
    int i;

    memset(&reply, 0, sizeof(reply));
    pthread_mutex_lock(&desk->lock);
    event = bridge_job_event(desk, EVENT_ASK, question, NULL);
    for (i = 0; event != NULL && i < count && i < BRIDGE_OPTIONS; i++) {
        bytes_set(&event->options[event->option_count++], names[i], strlen(names[i]));
    }
    fault = ask(desk, event, ASK_CHOOSE, &reply);
    pthread_mutex_unlock(&desk->lock);
    *chosen = reply.chosen;
    return fault;
}

static int stopped(void *baton) {
    return bridge_desk_is_over(baton);
}

talk_t bridge_talk(bridge_desk_t *desk) {
    talk_t talk = {desk,    say,        show,   outcome, show_secret, progress,
                   confirm, ask_secret, choose, stopped};

    return talk;
}
